//! Ids and random numbers that are the same on every replay.

use std::convert::Infallible;
use std::fmt;
use std::ops::Range;

use prost_types::Timestamp;
use rand_core::Rng;
use rand_core::SeedableRng;
use rand_core::TryRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use uuid::Uuid;

/// The namespace of the official SDKs for ids that orchestrations make.
const NAMESPACE: Uuid = Uuid::from_u128(0x9e95_2958_5e33_4daf_827f_2fa1_2937_b875);

/// Ticks of the official SDKs' clocks: 100 ns.
const TICKS_PER_SECOND: i64 = 10_000_000;

/// A time in ticks since the Unix epoch.
pub(crate) fn ticks(timestamp: &Timestamp) -> i64 {
    timestamp
        .seconds
        .saturating_mul(TICKS_PER_SECOND)
        .saturating_add(i64::from(timestamp.nanos) / 100)
}

/// The id of a counter in a turn that began at `ticks`, as the SDKs for .NET and Go make it.
pub(super) fn uuid(instance_id: &str, ticks: i64, counter: u64) -> Uuid {
    let second = Timestamp {
        seconds: ticks.div_euclid(TICKS_PER_SECOND),
        nanos: 0,
    };
    // `…:08Z`, to which the fraction is added in all its digits.
    let second = second.to_string();
    let second = second.trim_end_matches('Z');
    let fraction = ticks.rem_euclid(TICKS_PER_SECOND);
    let name = format!("{instance_id}_{second}.{fraction:07}Z_{counter}");
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

/// Random numbers for an orchestration, the same on every replay.
///
/// Made by [`crate::OrchestrationContext::random`]. It implements the traits of `rand_core` 0.10
/// too, for the distributions of `rand`. Not for secrets: who knows the instance's id knows them.
///
/// # Determinism
/// The numbers of one generator depend on the execution and on how many generators it made
/// before, and on nothing else; the algorithm (xoshiro256++) will stay.
#[derive(Clone)]
pub struct Random(Xoshiro256PlusPlus);

impl Random {
    pub(super) fn new(instance_id: &str, execution_id: &str, counter: u64) -> Self {
        let half = |half: u8| {
            let name = format!("{instance_id}_{execution_id}_random_{counter}_{half}");
            Uuid::new_v5(&NAMESPACE, name.as_bytes())
        };
        let mut seed = [0; 32];
        seed[..16].copy_from_slice(half(0).as_bytes());
        seed[16..].copy_from_slice(half(1).as_bytes());
        Self(Xoshiro256PlusPlus::from_seed(seed))
    }

    /// Any number.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number of `range`, each as likely as any other; its start if the range is empty.
    pub fn range(&mut self, range: Range<u64>) -> u64 {
        let Some(width) = range
            .end
            .checked_sub(range.start)
            .filter(|width| *width > 0)
        else {
            return range.start;
        };
        // The last few numbers, which would make the small results more likely, are left out.
        let usable = u64::MAX - u64::MAX % width;
        loop {
            let number = self.next_u64();
            if number < usable {
                return range.start + number % width;
            }
        }
    }

    /// A number from 0 up to, but not including, 1.
    pub fn fraction(&mut self) -> f64 {
        const BITS: u32 = f64::MANTISSA_DIGITS;
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let number = (self.next_u64() >> (u64::BITS - BITS)) as f64;
        number / 2_f64.powi(53)
    }

    /// Puts `items` into a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.range(0..last as u64 + 1);
            items.swap(last, usize::try_from(other).unwrap_or(last));
        }
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(bytes)
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Random").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_the_official_algorithm() {
        // Computed with Python's `uuid.uuid5` over the names that the SDKs for .NET and Go make;
        // that for JavaScript has the same with three digits of the second.
        let rows = [
            (
                "order-1",
                1_683_356_889,
                123_456_000,
                0,
                "55aafc78-6560-55e8-9e78-a52b7f167ccf",
            ),
            (
                "order-1",
                1_683_356_889,
                123_456_000,
                1,
                "746c16d6-efc5-57a5-a55e-d04a1051f483",
            ),
            (
                "order-1",
                1_683_356_889,
                123_456_789,
                0,
                "a3fcfda1-b834-5fb3-b616-693b850bf536",
            ),
            ("ünï", 0, 0, 0, "ea111f89-fbcf-50c1-b883-288fde3296c6"),
        ];
        for (instance, seconds, nanos, counter, expected) in rows {
            let made = uuid(instance, ticks(&Timestamp { seconds, nanos }), counter);
            assert_eq!(made.to_string(), expected);
        }
        // No time of any peer is too much.
        for seconds in [i64::MIN, i64::MAX] {
            assert!(
                !uuid(
                    "x",
                    ticks(&Timestamp {
                        seconds,
                        nanos: 999_999_999
                    }),
                    0
                )
                .is_nil()
            );
        }
    }

    #[test]
    fn numbers_depend_on_the_execution_and_the_counter_alone() {
        let first =
            |instance, execution, counter| Random::new(instance, execution, counter).next_u64();
        // Recorded: orchestrations that run must see the same after an update of this crate.
        assert_eq!(first("order-1", "e", 0), RECORDED);
        assert_ne!(first("order-1", "e", 1), RECORDED);
        assert_ne!(first("order-1", "f", 0), RECORDED);
        assert_ne!(first("order-2", "e", 0), RECORDED);
    }

    const RECORDED: u64 = 6_106_536_057_020_764_692;

    #[test]
    fn ranges_fractions_and_orders_are_what_they_say() {
        let mut random = Random::new("i", "e", 0);
        let mut seen = [0_u32; 5];
        for _ in 0..5_000 {
            let number = random.range(10..15);
            seen[usize::try_from(number - 10).unwrap()] += 1;
            assert!((0.0..1.0).contains(&random.fraction()));
        }
        assert!(
            seen.iter().all(|count| (800..1_200).contains(count)),
            "{seen:?}"
        );
        assert_eq!(random.range(7..7), 7);
        let backwards = Range { start: 7, end: 3 };
        assert_eq!(random.range(backwards), 7);
        assert!(random.range(0..u64::MAX) < u64::MAX);
        let mut items: Vec<u32> = (0..100).collect();
        random.shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
