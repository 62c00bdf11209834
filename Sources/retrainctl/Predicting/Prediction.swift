import Pipelines

/// What a version says about one record.
struct Prediction: Codable, Sendable {
  var pipeline: String
  var version: Int64
  /// `probability`, `probabilities` or `value`: the primary head's.
  var output: String
  var outputs: [Double]
  /// The names of the classes, in the order of the outputs; nil: they have none.
  var classes: [String]?
  /// The most probable class.
  var label: String?
  /// Of the further heads, in the order of the pipeline; nil: there are none.
  var heads: [Head]?
  /// What a person should know of the record: features that are absent, values that were clipped or are not known.
  var notes: [String]
  /// Who computed it.
  var from: String

  struct Head: Codable, Sendable {
    var name: String
    var outputs: [Double]
    var classes: [String]?
    var label: String?

    init(name: String, outputs: [Double], classes: ClassNames?) {
      self.name = name
      self.outputs = outputs
      self.classes = classes?.names
      label = classes?.mostProbable(outputs)
    }
  }

  /// - Parameter answers: By head, the primary one first.
  init(pipeline: String, version: Int64, answers: [Head], notes: [String], from: String) {
    self.pipeline = pipeline
    self.version = version
    output = answers[0].name
    outputs = answers[0].outputs
    classes = answers[0].classes
    label = answers[0].label
    heads = answers.count > 1 ? Array(answers.dropFirst()) : nil
    self.notes = notes
    self.from = from
  }

  /// One line a head, for people.
  var lines: [String] {
    let primary = Self.line(output, outputs, classes, label)
    return ["\(primary)  (v\(version), \(from))"]
      + (heads ?? []).map { Self.line($0.name, $0.outputs, $0.classes, $0.label) }
  }

  /// The number that JSON writes as the output's shortest text: what a server sends.
  static func exact(_ output: Float) -> Double { Double(output.description) ?? Double(output) }

  /// Of more classes than these, only as many are shown.
  private static let classesShown = 10

  private static func line(_ name: String, _ outputs: [Double], _ classes: [String]?, _ label: String?) -> String {
    let figures = outputs.map { Float($0).description }
    guard let classes, let label else { return "\(name) \(figures.joined(separator: ", "))" }
    guard outputs.count == classes.count else { return "\(name) \(figures.joined(separator: ", ")): \(label)" }
    var order = Array(outputs.indices)
    if order.count > classesShown { order = Array(order.sorted { outputs[$0] > outputs[$1] }.prefix(classesShown)) }
    let rest = outputs.count > order.count ? ", … \(outputs.count - order.count) more" : ""
    return "\(name) \(label): " + order.map { "\(classes[$0]) \(figures[$0])" }.joined(separator: ", ") + rest
  }
}
