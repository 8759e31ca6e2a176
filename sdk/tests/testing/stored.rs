//! Files of histories: what is no history is refused with its place.

use std::time::Duration;

use durascope_sdk::Functions;
use durascope_sdk::Orchestration;
use durascope_sdk::OrchestrationContext;
use durascope_sdk::TaskFailed;
use durascope_sdk::proto::HistoryEvent;
use durascope_sdk::testing::History;
use durascope_sdk::testing::HistoryError;
use durascope_sdk::testing::TestHost;

const NAP: Orchestration<String, String> = Orchestration::named("Nap");

async fn nap(ctx: OrchestrationContext, text: String) -> Result<String, TaskFailed> {
    ctx.timer(Duration::from_millis(1_500)).await;
    Ok(text)
}

fn history() -> History {
    let mut host = TestHost::new(Functions::new().orchestration(&NAP, nap));
    host.run(&NAP, "„ä“\n".to_owned()).unwrap();
    host.history("Nap-1").unwrap()
}

#[test]
fn file_is_for_people_and_reads_as_what_was_written() {
    let folder = std::env::temp_dir().join(format!("durascope-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("nap.json");
    let history = history();
    history.write(&path).unwrap();
    assert_eq!(History::read(&path).unwrap(), history);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let execution = history.execution_id();
    let expected = format!(
        r#"{{
  "instanceId": "Nap-1",
  "executionId": "{execution}",
  "name": "Nap",
  "events": [
    {{"eventId":-1,"timestamp":"2024-01-01T00:00:00Z","orchestratorStarted":{{}}}},
    {{"timestamp":"2024-01-01T00:00:00Z","executionStarted":{{"name":"Nap","input":"\"„ä“\\n\"","orchestrationInstance":{{"instanceId":"Nap-1","executionId":"{execution}"}}}}}},
    {{"eventId":1,"timestamp":"2024-01-01T00:00:00Z","timerCreated":{{"fireAt":"2024-01-01T00:00:01.500Z"}}}},
    {{"eventId":-1,"timestamp":"2024-01-01T00:00:01.500Z","orchestratorStarted":{{}}}},
    {{"eventId":-1,"timestamp":"2024-01-01T00:00:01.500Z","timerFired":{{"fireAt":"2024-01-01T00:00:01.500Z","timerId":1}}}},
    {{"eventId":2,"timestamp":"2024-01-01T00:00:01.500Z","executionCompleted":{{"orchestrationStatus":"ORCHESTRATION_STATUS_COMPLETED","result":"\"„ä“\\n\""}}}}
  ]
}}
"#
    );
    assert_eq!(text, expected);
}

#[test]
fn what_is_no_history_is_refused_with_its_place() {
    let good = history().to_json().unwrap();
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    let rows = [
        (
            with("\"timerCreated\":{", "\"timerCreated\":{\"color\":1,"),
            "at events[2].timerCreated: unrecognized field name 'color'",
        ),
        (
            with("\"timerCreated\"", "\"timerMelted\""),
            "at events[2]: unrecognized field name 'timerMelted'",
        ),
        (
            with("\"2024-01-01T00:00:01.500Z\"", "\"tomorrow\""),
            "at events[2].timerCreated.fireAt: ",
        ),
        (
            with("\"timerId\":1", "\"timerId\":1.5"),
            "at events[4].timerFired.timerId: ",
        ),
        (
            with(
                "ORCHESTRATION_STATUS_COMPLETED",
                "ORCHESTRATION_STATUS_DONE",
            ),
            "at events[5].executionCompleted.orchestrationStatus: ",
        ),
        (
            with(
                "\"timerFired\":{",
                "\"orchestratorStarted\":{},\"timerFired\":{",
            ),
            "at events[4]: multiple fields provided for oneof 'eventType'",
        ),
        (
            with("\"name\": \"Nap\",", "\"nom\": \"Nap\","),
            "at nom: unknown field `nom`",
        ),
        (with("  \"name\": \"Nap\",\n", ""), "missing field `name`"),
        (format!("{good}]"), "at .: trailing characters"),
        (good[..good.len() / 2].to_owned(), "EOF while parsing"),
        (String::new(), "EOF while parsing"),
        (
            with("\"instanceId\": \"Nap-1\"", "\"instanceId\": \"Nap-2\""),
            r#"the head has instanceId "Nap-2", its ExecutionStarted has "Nap-1""#,
        ),
    ];
    for (text, expected) in rows {
        let error = text.parse::<History>().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}\n  lacks {expected}");
    }
}

#[test]
fn file_that_is_no_history_or_not_there_is_named() {
    let path = std::env::temp_dir().join(format!("durascope-none-{}.json", std::process::id()));
    let error = History::read(&path).unwrap_err();
    assert!(matches!(error, HistoryError::ReadFile { .. }), "{error:?}");
    std::fs::write(&path, "[]").unwrap();
    let error = History::read(&path).unwrap_err().to_string();
    std::fs::remove_file(&path).unwrap();
    assert!(error.contains(&path.display().to_string()), "{error}");
}

#[test]
fn what_cannot_be_written_without_loss_is_refused() {
    let with = |change: fn(&mut HistoryEvent)| {
        let mut events = history().into_events();
        change(&mut events[2]);
        History::of(events)
            .unwrap()
            .to_json()
            .unwrap_err()
            .to_string()
    };
    let unknown = with(|event| event.event_type = None);
    assert!(
        unknown.starts_with("event 2 (event id 1) cannot be written"),
        "{unknown}"
    );
    assert!(unknown.contains("a kind that this version"), "{unknown}");
    let late = with(|event| {
        if let Some(time) = &mut event.timestamp {
            time.seconds = i64::MAX;
        }
    });
    assert!(
        late.starts_with("event 2 (event id 1) cannot be written"),
        "{late}"
    );

    let without_start = history().into_events().split_off(2);
    let error = History::of(without_start).unwrap_err();
    assert!(
        matches!(error, HistoryError::NotStarted { events: 4 }),
        "{error:?}"
    );
}
