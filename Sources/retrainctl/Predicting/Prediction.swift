/// What a version says about one record.
struct Prediction: Codable, Sendable {
  var pipeline: String
  var version: Int64
  /// `probability`, `probabilities` or `value`: the primary head's.
  var output: String
  var outputs: [Double]
  /// Of the further heads, in the order of the pipeline; nil: there are none.
  var heads: [Head]?
  /// Who computed it.
  var from: String

  struct Head: Codable, Sendable {
    var name: String
    var outputs: [Double]
  }

  /// - Parameter answers: By head, the primary one first.
  init(pipeline: String, version: Int64, answers: [Head], from: String) {
    self.pipeline = pipeline
    self.version = version
    output = answers[0].name
    outputs = answers[0].outputs
    heads = answers.count > 1 ? Array(answers.dropFirst()) : nil
    self.from = from
  }
}
