//! Scenario tests: given an instance, when a message or an answer comes, then this commit.
