//! Sums that do not wrap.

use num_traits::CheckedAdd;
use num_traits::Zero;

/// A sum is out of the range of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sum is out of range at item {index}")]
pub struct SumError {
    /// Index of the value at which it happens, from 0.
    pub index: usize,
}

/// The sum of `values`, in their order.
///
/// For integers and for decimal types with checked addition, which travel as JSON strings.
/// Binary floating-point numbers have none, on purpose: money added in them is wrong.
///
/// # Errors
/// It is out of range.
///
/// ```
/// use durascope_sdk::fan_out::checked_sum;
/// assert_eq!(checked_sum([1_u8, 2, 3]), Ok(6));
/// assert_eq!(checked_sum([200_u8, 55, 1]).unwrap_err().index, 2);
/// ```
pub fn checked_sum<T: CheckedAdd + Zero>(
    values: impl IntoIterator<Item = T>,
) -> Result<T, SumError> {
    values
        .into_iter()
        .enumerate()
        .try_fold(T::zero(), |sum, (index, value)| {
            sum.checked_add(&value).ok_or(SumError { index })
        })
}
