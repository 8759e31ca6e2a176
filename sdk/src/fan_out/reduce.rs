//! A reduce tree: values combined group by group until one is left.

use std::future::IntoFuture;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::FanOutError;
use crate::names::Activity;
use crate::orchestration::OrchestrationContext;
use crate::retry::RetryPolicy;

/// Payloads above 1 MB are refused by Azure; half of it leaves room for what is around.
const INPUT_BYTES: usize = 512 * 1024;

/// A reduce in the making: await it for the one value that is left, `None` if there were none.
#[must_use = "nothing is called before it is awaited"]
pub struct Reduce<T> {
    ctx: OrchestrationContext,
    combine: Activity<Vec<T>, T>,
    values: Vec<T>,
    arity: usize,
    bytes_max: usize,
    retry: Option<RetryPolicy>,
}

impl OrchestrationContext {
    /// Combines `values` by an activity that makes one of several neighbours: in pairs, level by
    /// level, in their order. An odd one passes up without an activity.
    ///
    /// ```
    /// # use durascope_sdk::*;
    /// const MERGE: Activity<Vec<u64>, u64> = Activity::named("Merge");
    ///
    /// async fn total(ctx: OrchestrationContext, parts: Vec<u64>) -> Result<u64, OrchestrationError> {
    ///     Ok(ctx.reduce(&MERGE, parts).arity(8).await?.unwrap_or(0))
    /// }
    /// ```
    pub fn reduce<T>(
        &self,
        combine: &Activity<Vec<T>, T>,
        values: impl IntoIterator<Item = T>,
    ) -> Reduce<T> {
        Reduce {
            ctx: self.clone(),
            combine: *combine,
            values: values.into_iter().collect(),
            arity: 2,
            bytes_max: INPUT_BYTES,
            retry: None,
        }
    }
}

impl<T: Serialize + DeserializeOwned + Send + 'static> Reduce<T> {
    /// Combines up to `count` values at a time, at least 2.
    pub fn arity(mut self, count: usize) -> Self {
        self.arity = count.max(2);
        self
    }

    /// Keeps the input of each activity below so many bytes of JSON, 512 KiB unless told
    /// otherwise, with fewer values at a time where they are large; at least 2 all the same.
    pub fn input_bytes_max(mut self, bytes: usize) -> Self {
        self.bytes_max = bytes;
        self
    }

    /// Retries each activity by `policy`.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    async fn run(mut self) -> Result<Option<T>, FanOutError> {
        let mut level: u32 = 0;
        while self.values.len() > 1 {
            level += 1;
            let mut groups = groups(std::mem::take(&mut self.values), self.arity, self.bytes_max);
            let odd = groups
                .pop_if(|group| group.len() == 1)
                .and_then(|mut group| group.pop());
            tracing::info!(level, groups = groups.len(), name = ?self.combine.name(), "level begins");
            let mut fan_out = self.ctx.fan_out(&self.combine, groups);
            if let Some(policy) = &self.retry {
                fan_out = fan_out.retry(policy.clone());
            }
            self.values = fan_out.all().await?;
            self.values.extend(odd);
        }
        Ok(self.values.pop())
    }
}

impl<T: Serialize + DeserializeOwned + Send + 'static> IntoFuture for Reduce<T> {
    type Output = Result<Option<T>, FanOutError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.run().boxed()
    }
}

impl<T> std::fmt::Debug for Reduce<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reduce")
            .field("name", &self.combine.name())
            .field("values", &self.values.len())
            .finish_non_exhaustive()
    }
}

/// Neighbours in groups of 2 to `arity`, as their bytes allow; a last one may be alone.
fn groups<T: Serialize>(values: Vec<T>, arity: usize, bytes_max: usize) -> Vec<Vec<T>> {
    let mut groups: Vec<Vec<T>> = Vec::new();
    let mut bytes = 0;
    for value in values {
        // Pairs are made whatever they weigh, so nothing needs to be weighed for them.
        let weight = if arity > 2 { json_bytes(&value) } else { 0 };
        let group = groups.last_mut().filter(|group| {
            group.len() < 2 || (group.len() < arity && bytes + weight <= bytes_max)
        });
        match group {
            Some(group) => {
                group.push(value);
                bytes += weight;
            }
            None => {
                groups.push(vec![value]);
                bytes = weight;
            }
        }
    }
    groups
}

/// What cannot be written as JSON fails where it is sent, with a better message than here.
fn json_bytes<T: Serialize>(value: &T) -> usize {
    serde_json::to_string(value).map_or(0, |text| text.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_keep_the_order_and_the_odd_one_is_last() {
        let sizes = |count: usize, arity, bytes| -> Vec<usize> {
            let values: Vec<usize> = (0..count).collect();
            let made = groups(values.clone(), arity, bytes);
            assert_eq!(made.concat(), values);
            made.iter().map(Vec::len).collect()
        };
        assert_eq!(sizes(5, 2, 0), [2, 2, 1]);
        assert_eq!(sizes(9, 4, 1_000), [4, 4, 1]);
        assert_eq!(
            sizes(9, 4, 6),
            [3, 3, 3],
            "a digit and a comma take two bytes"
        );
        assert_eq!(sizes(4, 100, 0), [2, 2], "never fewer than two");
        assert!(sizes(0, 2, 0).is_empty());
    }
}
