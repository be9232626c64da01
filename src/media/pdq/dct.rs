//! The DCT of the small picture, and the eight hashes that its coefficients hold.

use std::f64::consts::PI;
use std::sync::LazyLock;

use super::plane::{SIDE, Small};
use crate::content::PdqHash;

/// Frequencies kept in each direction: 1 to 16. Frequency 0, the brightness, says nothing.
const FREQUENCIES: usize = 16;

/// Largest coefficient that is taken for the work of rounding. The transform is orthonormal, so errors of at most half a
/// level in each of the 64×64 samples make about 0.3 in each coefficient.
const ROUNDING: f32 = 0.5;

/// Row `i` is the cosine of frequency `i + 1`.
static COSINES: LazyLock<[[f32; SIDE]; FREQUENCIES]> = LazyLock::new(|| {
    let scale = (2.0 / SIDE as f64).sqrt();
    let cosine = |i: usize, j: usize| (PI / (2 * SIDE) as f64 * ((i + 1) * (2 * j + 1)) as f64).cos();
    std::array::from_fn(|i| std::array::from_fn(|j| (scale * cosine(i, j)) as f32))
});

/// Coefficients by vertical, then horizontal frequency.
pub(super) struct Coefficients([[f32; FREQUENCIES]; FREQUENCIES]);

impl Coefficients {
    pub(super) fn of(small: &Small) -> Self {
        let cosines = &*COSINES;
        let columns: [[f32; SIDE]; FREQUENCIES] = std::array::from_fn(|i| {
            let mut sums = [0.0; SIDE];
            for (weight, row) in cosines[i].iter().zip(small) {
                sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
            }
            sums
        });
        Self(std::array::from_fn(|i| {
            std::array::from_fn(|j| columns[i].iter().zip(&cosines[j]).map(|(value, weight)| value * weight).sum())
        }))
    }

    /// Coefficients that tell something about the picture: those that rounding it to whole levels cannot have made.
    pub(super) fn telling(&self) -> usize {
        self.0.iter().flatten().filter(|value| value.abs() > ROUNDING).count()
    }

    /// The hashes of the picture in its eight orientations, in the order of the reference.
    ///
    /// To mirror a picture negates its odd frequencies in that direction, which stand at even indexes here; to turn it
    /// over a diagonal swaps the directions. Rotations are two of these.
    pub(super) fn dihedral(&self) -> [PdqHash; 8] {
        type Orientation = (Axes, fn(usize, usize) -> bool);
        const ORIENTATIONS: [Orientation; 8] = [
            (Axes::AsTheyAre, |_, _| false),
            (Axes::Swapped, |i, _| i % 2 == 0),
            (Axes::AsTheyAre, |i, j| (i + j) % 2 == 1),
            (Axes::Swapped, |_, j| j % 2 == 0),
            (Axes::AsTheyAre, |i, _| i % 2 == 0),
            (Axes::AsTheyAre, |_, j| j % 2 == 0),
            (Axes::Swapped, |_, _| false),
            (Axes::Swapped, |i, j| (i + j) % 2 == 1),
        ];
        ORIENTATIONS.map(|(axes, is_negated)| {
            self.turned(|i, j| {
                let value = match axes {
                    Axes::AsTheyAre => self.0[i][j],
                    Axes::Swapped => self.0[j][i],
                };
                if is_negated(i, j) { -value } else { value }
            })
        })
    }

    /// The hash of the coefficients that `value` gives by vertical and horizontal index.
    fn turned(&self, value: impl Fn(usize, usize) -> f32) -> PdqHash {
        let values: [f32; FREQUENCIES * FREQUENCIES] =
            std::array::from_fn(|bit| value(bit / FREQUENCIES, bit % FREQUENCIES));
        let median = lower_median(values);
        let mut hash = [0; 32];
        for (bit, _) in values.iter().enumerate().filter(|(_, value)| **value > median) {
            // Bit 0 is the lowest bit of the last byte.
            hash[31 - bit / 8] |= 1 << (bit % 8);
        }
        PdqHash(hash)
    }
}

#[derive(Clone, Copy)]
enum Axes {
    AsTheyAre,
    Swapped,
}

/// The lower of the two middle values, as the reference's median is.
fn lower_median(mut values: [f32; FREQUENCIES * FREQUENCIES]) -> f32 {
    let middle = values.len() / 2 - 1;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Structure without any symmetry.
    fn picture() -> Small {
        std::array::from_fn(|y| {
            std::array::from_fn(|x| {
                let (x, y) = (x as f32, y as f32);
                (x * 0.31).sin() * 60.0 + (y * 0.17 + x * 0.05).cos() * 50.0 + (x * y * 0.011).sin() * 40.0 + x
            })
        })
    }

    fn mapped(from: impl Fn(usize, usize) -> (usize, usize)) -> Small {
        let picture = picture();
        std::array::from_fn(|y| {
            std::array::from_fn(|x| {
                let (y, x) = from(y, x);
                picture[y][x]
            })
        })
    }

    #[test]
    fn each_orientation_is_the_hash_of_the_turned_picture() {
        let last = SIDE - 1;
        let turned = [
            mapped(|y, x| (y, x)),
            mapped(|y, x| (x, last - y)),
            mapped(|y, x| (last - y, last - x)),
            mapped(|y, x| (last - x, y)),
            mapped(|y, x| (last - y, x)),
            mapped(|y, x| (y, last - x)),
            mapped(|y, x| (x, y)),
            mapped(|y, x| (last - x, last - y)),
        ];
        let dihedral = Coefficients::of(&picture()).dihedral();
        for (orientation, picture) in turned.iter().enumerate() {
            let distance = Coefficients::of(picture).dihedral()[0].distance(&dihedral[orientation]);
            assert!(distance.0 <= 2, "orientation {orientation} is {distance} bits off: rounding explains two");
        }
    }

    #[test]
    fn half_of_the_bits_are_set() {
        let hash = Coefficients::of(&picture()).dihedral()[0];
        assert_eq!(hash.0.iter().map(|byte| byte.count_ones()).sum::<u32>(), 128);
    }
}
