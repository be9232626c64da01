//! Functions that say which colours inks are (ISO 32000-1 §7.10).

use crate::extract::container::pdf::objects::Objects;
use crate::extract::container::pdf::value::{Dictionary, Value, is_blank};
use crate::extract::dissection::Dissection;

/// Functions inside each other.
const MAX_DEPTH: usize = 4;

/// Operators of calculator functions that are run for one colour.
const MAX_OPERATORS: usize = 4096;

/// Numbers on the stack of one.
const MAX_STACK: usize = 100;

/// What one colour space may ask for. Functions are read anew at each place that names them, so 5 bytes may ask for all
/// of a large one again.
struct Budget {
    functions: usize,
    operators: usize,
    /// Values of tables; of four inks in 17 steps each, with four outputs, there are 334,084.
    values: usize,
}

impl Budget {
    const WHOLE: Self = Self { functions: 64, operators: MAX_OPERATORS, values: 1 << 19 };

    /// Steps that all functions together take, about.
    fn steps(&self) -> usize {
        8 * (Self::WHOLE.functions - self.functions) + Self::WHOLE.operators - self.operators
    }
}

/// A function from some numbers to others.
#[derive(Debug)]
pub(super) struct Function {
    domain: Vec<f64>,
    range: Vec<f64>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Sampled(Table),
    Exponential {
        from: Vec<f64>,
        to: Vec<f64>,
        exponent: f64,
    },
    Stitched {
        functions: Vec<Function>,
        bounds: Vec<f64>,
        encode: Vec<f64>,
    },
    Calculator(Vec<Operator>),
    /// One for each number.
    Each(Vec<Function>),
}

/// Values at points of a grid.
#[derive(Debug)]
struct Table {
    sizes: Vec<usize>,
    encode: Vec<f64>,
    /// From 0 to 1, all outputs of a point next to each other.
    values: Vec<f64>,
    decode: Vec<f64>,
}

#[derive(Debug)]
enum Operator {
    Number(f64),
    Word(String),
    Block(Vec<Self>),
}

impl Function {
    /// The function that `value` is, and about how many steps it takes.
    pub(super) fn read(value: &Value, objects: &Objects, found: &mut Dissection<'_>) -> Option<(Self, usize)> {
        let mut budget = Budget::WHOLE;
        let function = Self::read_within(value, objects, found, MAX_DEPTH, &mut budget)?;
        Some((function, budget.steps()))
    }

    fn read_within(
        value: &Value,
        objects: &Objects,
        found: &mut Dissection<'_>,
        depth: usize,
        budget: &mut Budget,
    ) -> Option<Self> {
        let depth = depth.checked_sub(1)?;
        budget.functions = budget.functions.checked_sub(1).filter(|_| !found.is_over())?;
        let resolved = objects.resolve(value);
        if let Value::Array(functions) = &resolved {
            let read = functions.iter().map(|value| Self::read_within(value, objects, found, depth, budget));
            let kind = Kind::Each(read.collect::<Option<_>>()?);
            return Some(Self { domain: Vec::new(), range: Vec::new(), kind });
        }
        let Value::Dictionary(dictionary) = &resolved else {
            return None;
        };
        let numbers = |key: &str| numbers(dictionary, key, objects);
        let (domain, range) = (numbers("Domain"), numbers("Range"));
        let kind = match objects.number(dictionary.get(&["FunctionType"]))? {
            0 => {
                let samples = objects.stream_of(value, found)?;
                Kind::Sampled(Table::read(dictionary, (&domain, &range), &samples, objects, budget)?)
            }
            2 => {
                let or = |numbers: Vec<f64>, usual| if numbers.is_empty() { vec![usual] } else { numbers };
                let exponent = objects.list(dictionary.get(&["N"])).first().map_or(1.0, number);
                Kind::Exponential { from: or(numbers("C0"), 0.0), to: or(numbers("C1"), 1.0), exponent }
            }
            3 => {
                let functions = objects.list(dictionary.get(&["Functions"]));
                let read = functions.iter().map(|value| Self::read_within(value, objects, found, depth, budget));
                let functions: Vec<Self> = read.collect::<Option<_>>()?;
                Kind::Stitched { functions, bounds: numbers("Bounds"), encode: numbers("Encode") }
            }
            4 => Kind::Calculator(Operator::read(&objects.stream_of(value, found)?, budget)?),
            _ => return None,
        };
        Some(Self { domain, range, kind })
    }

    /// The numbers that it makes of `inputs`.
    pub(super) fn at(&self, inputs: &[f64]) -> Vec<f64> {
        let inputs: Vec<f64> = inputs.iter().enumerate().map(|(at, input)| within(*input, &self.domain, at)).collect();
        let first = inputs.first().copied().unwrap_or_default();
        let outputs = match &self.kind {
            Kind::Sampled(table) => table.at(&inputs, &self.domain),
            Kind::Exponential { from, to, exponent } => {
                let share = first.powf(*exponent);
                from.iter().zip(to).map(|(from, to)| from + share * (to - from)).collect()
            }
            Kind::Stitched { functions, bounds, encode } => self.stitched(first, functions, bounds, encode),
            Kind::Calculator(operators) => {
                let mut stack = inputs;
                let mut left = MAX_OPERATORS;
                if run(operators, &mut stack, &mut left).is_none() {
                    stack.clear();
                }
                let most = self.range.len() / 2;
                stack.split_off(stack.len().saturating_sub(most))
            }
            Kind::Each(functions) => {
                functions.iter().filter_map(|function| function.at(&inputs).first().copied()).collect()
            }
        };
        outputs.into_iter().enumerate().map(|(at, output)| within(output, &self.range, at)).collect()
    }

    fn stitched(&self, input: f64, functions: &[Self], bounds: &[f64], encode: &[f64]) -> Vec<f64> {
        let number = bounds.iter().take_while(|bound| input >= **bound).count().min(functions.len().saturating_sub(1));
        let Some(function) = functions.get(number) else {
            return Vec::new();
        };
        let domain = |at: usize| self.domain.get(at).copied().unwrap_or(at as f64);
        let low = number.checked_sub(1).and_then(|before| bounds.get(before)).copied().unwrap_or_else(|| domain(0));
        let high = bounds.get(number).copied().unwrap_or_else(|| domain(1));
        let to = |at: usize| encode.get(2 * number + at).copied().unwrap_or(at as f64);
        function.at(&[between(input, (low, high), (to(0), to(1)))])
    }
}

impl Table {
    fn read(
        dictionary: &Dictionary,
        (domain, range): (&[f64], &[f64]),
        samples: &[u8],
        objects: &Objects,
        budget: &mut Budget,
    ) -> Option<Self> {
        let sizes: Vec<usize> = numbers(dictionary, "Size", objects).iter().map(|size| *size as usize).collect();
        let bits = objects.number(dictionary.get(&["BitsPerSample"]))?;
        let outputs = range.len() / 2;
        let points = sizes.iter().try_fold(1_usize, |points, size| points.checked_mul(*size))?;
        let count = points.checked_mul(outputs).filter(|count| *count > 0)?;
        let is_known = matches!(bits, 1 | 2 | 4 | 8 | 12 | 16 | 24 | 32) && sizes.len() == domain.len() / 2;
        if !is_known || count.checked_mul(bits)?.div_ceil(8) > samples.len() {
            return None;
        }
        budget.values = budget.values.checked_sub(count)?;
        let bit = |at: usize| u64::from(samples[at / 8] >> (7 - at % 8) & 1);
        let most = ((1_u64 << bits) - 1) as f64;
        let value = |at: usize| (0..bits).fold(0, |value, step| value << 1 | bit(at * bits + step)) as f64 / most;
        let or = |numbers: Vec<f64>, usual: Vec<f64>| if numbers.len() == usual.len() { numbers } else { usual };
        let whole = sizes.iter().flat_map(|size| [0.0, *size as f64 - 1.0]).collect();
        Some(Self {
            encode: or(numbers(dictionary, "Encode", objects), whole),
            decode: or(numbers(dictionary, "Decode", objects), range.to_vec()),
            values: (0..count).map(value).collect(),
            sizes,
        })
    }

    /// Between two points of a line; of a grid with more sides at the nearest point.
    fn at(&self, inputs: &[f64], domain: &[f64]) -> Vec<f64> {
        let outputs = self.decode.len() / 2;
        let (mut point, mut step, mut rest) = (0, 1, 0.0);
        for (at, size) in self.sizes.iter().enumerate() {
            let pair = |list: &[f64]| (list[2 * at], list[2 * at + 1]);
            let input = inputs.get(at).copied().unwrap_or_default();
            let place = between(input, pair(domain), pair(&self.encode)).clamp(0.0, *size as f64 - 1.0);
            let place = if self.sizes.len() > 1 { place.round() } else { place };
            rest = place.fract();
            point += step * place as usize;
            step *= size;
        }
        let value = |point: usize, output: usize| self.values.get(point * outputs + output).copied();
        let of = |output: usize| {
            let here = value(point, output).unwrap_or_default();
            let next = value(point + 1, output).unwrap_or(here);
            let share = here + rest * (next - here);
            between(share, (0.0, 1.0), (self.decode[2 * output], self.decode[2 * output + 1]))
        };
        (0..outputs).map(of).collect()
    }
}

impl Operator {
    /// The program in `text`, which is in braces.
    fn read(text: &[u8], budget: &mut Budget) -> Option<Vec<Self>> {
        let mut open: Vec<Vec<Self>> = Vec::new();
        let is_mark = |byte: &u8| is_blank(*byte) || matches!(byte, b'{' | b'}');
        let mut rest = text.trim_ascii();
        while let Some(first) = rest.first() {
            budget.operators = budget.operators.checked_sub(1).filter(|_| open.len() <= MAX_DEPTH * 4)?;
            let length = match first {
                b'{' => {
                    open.push(Vec::new());
                    1
                }
                b'}' => {
                    let block = open.pop()?;
                    match open.last_mut() {
                        Some(outer) => outer.push(Self::Block(block)),
                        None => return Some(block),
                    }
                    1
                }
                byte if is_blank(*byte) => 1,
                _ => {
                    let length = rest.iter().position(is_mark).unwrap_or(rest.len());
                    let word = str::from_utf8(&rest[..length]).ok()?;
                    let number = word.parse().map(Self::Number);
                    open.last_mut()?.push(number.unwrap_or_else(|_| Self::Word(word.to_owned())));
                    length
                }
            };
            rest = &rest[length..];
        }
        None
    }
}

/// Runs `operators`, at most `left` of them; `None` when they do what no program does.
fn run(operators: &[Operator], stack: &mut Vec<f64>, left: &mut usize) -> Option<()> {
    for (at, operator) in operators.iter().enumerate() {
        *left = left.checked_sub(1)?;
        match operator {
            Operator::Number(number) => stack.push(*number),
            Operator::Block(_) => {}
            Operator::Word(word) if word == "if" || word == "ifelse" => {
                let is_true = stack.pop()? != 0.0;
                let before = |back: usize| match operators.get(at.checked_sub(back)?)? {
                    Operator::Block(block) => Some(block),
                    _ => None,
                };
                let chosen = match (word.as_str(), is_true) {
                    ("if", true) | ("ifelse", false) => before(1),
                    ("ifelse", true) => before(2),
                    _ => continue,
                };
                run(chosen?, stack, left)?;
            }
            Operator::Word(word) => apply(word, stack)?,
        }
        if stack.len() > MAX_STACK {
            return None;
        }
    }
    Some(())
}

/// Applies one operator (ISO 32000-1 table 42). What is true counts as 1.
fn apply(word: &str, stack: &mut Vec<f64>) -> Option<()> {
    match word {
        "true" | "false" => stack.push(f64::from(word == "true")),
        "pop" => drop(stack.pop()?),
        "dup" => stack.push(*stack.last()?),
        "exch" => {
            let at = stack.len().checked_sub(2)?;
            stack.swap(at, at + 1);
        }
        "copy" => {
            let count = stack.pop()? as usize;
            stack.extend_from_within(stack.len().checked_sub(count)?..);
        }
        "index" => {
            let back = stack.pop()? as usize;
            stack.push(stack[stack.len().checked_sub(back.checked_add(1)?)?]);
        }
        "roll" => {
            let (by, count) = (stack.pop()? as i64, stack.pop()? as usize);
            let at = stack.len().checked_sub(count)?;
            if count > 0 {
                stack[at..].rotate_right(by.rem_euclid(count as i64) as usize);
            }
        }
        "abs" | "neg" | "ceiling" | "floor" | "round" | "truncate" | "sqrt" | "sin" | "cos" | "ln" | "log" | "cvi"
        | "cvr" | "not" => {
            let number = stack.pop()?;
            stack.push(one(word, number));
        }
        _ => {
            let (second, first) = (stack.pop()?, stack.pop()?);
            stack.push(two(word, first, second)?);
        }
    }
    Some(())
}

fn one(word: &str, number: f64) -> f64 {
    match word {
        "abs" => number.abs(),
        "neg" => -number,
        "ceiling" => number.ceil(),
        "floor" => number.floor(),
        "round" => number.round(),
        "truncate" | "cvi" => number.trunc(),
        "sqrt" => number.max(0.0).sqrt(),
        "sin" => number.to_radians().sin(),
        "cos" => number.to_radians().cos(),
        "ln" => number.ln(),
        "log" => number.log10(),
        "not" => f64::from(number == 0.0),
        _ => number,
    }
}

fn two(word: &str, first: f64, second: f64) -> Option<f64> {
    let bits = |combine: fn(i64, i64) -> i64| combine(first as i64, second as i64) as f64;
    Some(match word {
        "add" => first + second,
        "sub" => first - second,
        "mul" => first * second,
        "div" => first / second,
        "idiv" => (first / second).trunc(),
        "mod" => first % second,
        "exp" => first.powf(second),
        "atan" => first.atan2(second).to_degrees().rem_euclid(360.0),
        "eq" => f64::from(first == second),
        "ne" => f64::from(first != second),
        "gt" => f64::from(first > second),
        "ge" => f64::from(first >= second),
        "lt" => f64::from(first < second),
        "le" => f64::from(first <= second),
        "and" => bits(|first, second| first & second),
        "or" => bits(|first, second| first | second),
        "xor" => bits(|first, second| first ^ second),
        "bitshift" => bits(|first, by| {
            let count = by.unsigned_abs().min(63);
            if by < 0 { first >> count } else { first << count }
        }),
        _ => return None,
    })
}

fn within(number: f64, limits: &[f64], at: usize) -> f64 {
    match limits.get(2 * at..2 * at + 2) {
        Some([low, high]) if low <= high => number.clamp(*low, *high),
        _ => number,
    }
}

fn between(number: f64, (low, high): (f64, f64), (from, to): (f64, f64)) -> f64 {
    if high == low { from } else { from + (number - low) * (to - from) / (high - low) }
}

/// The numbers of the array at `key`; none when it is none.
pub(super) fn numbers(dictionary: &Dictionary, key: &str, objects: &Objects) -> Vec<f64> {
    objects.list(dictionary.get(&[key])).iter().map(number).collect()
}

fn number(value: &Value) -> f64 {
    if let Value::Number(number) = value { *number } else { 0.0 }
}
