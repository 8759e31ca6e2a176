// Schedules, which this client does not offer.

export function register(registry) {
  registry.lacking(
    "schedules",
    "schedules",
    "this client has no scheduled tasks; what they are built on is covered by " +
      "entity_signals_itself_later and entity_starts_an_orchestration",
  );
}
