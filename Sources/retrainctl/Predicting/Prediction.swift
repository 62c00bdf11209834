/// What a version says about one record.
struct Prediction: Codable, Sendable {
  var pipeline: String
  var version: Int64
  /// `probability`, `probabilities` or `value`.
  var output: String
  var outputs: [Double]
  /// Who computed it.
  var from: String
}
