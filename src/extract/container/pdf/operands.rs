//! Operands of content streams as what they mean.

use crate::extract::matrix::Matrix;

use super::value::Value;

/// The transformation of six numbers; what is missing is 0.
pub(super) fn matrix_of(operands: &[Value]) -> Matrix {
    let mut numbers = [0.0; 6];
    for (slot, operand) in numbers.iter_mut().zip(operands) {
        *slot = number(operand);
    }
    Matrix(numbers)
}

/// What `value` is as a number; 0 when it is none.
pub(super) fn number(value: &Value) -> f64 {
    match value {
        Value::Number(number) => *number,
        _ => 0.0,
    }
}
