/// What one run of a pipeline was asked for.
struct RunOptions: Sendable {
  var pipeline: String
  var workers: Int
  var until: RunUntil?
  /// The environment of the roles, as `NAME=value`.
  var environment: [String]
  var logFolder: String
  var metrics = MetricsPlaces.loopback
}
