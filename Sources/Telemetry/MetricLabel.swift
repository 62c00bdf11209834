/// The labels a metric may have: few, so that a label set is never made of what users send.
public enum MetricLabel: String, Sendable, Hashable, CaseIterable, Comparable {
  case pipeline, role, version, layer, feature, rank, partition, reason, rule, state, kind, method, code, topic
  case generation, pass, receiver

  public static func < (left: MetricLabel, right: MetricLabel) -> Bool { left.rawValue < right.rawValue }
}

/// Label values in the order of the labels' names: the identity of a series within its metric.
struct LabelSet: Hashable, Comparable {
  let pairs: [Pair]

  struct Pair: Hashable {
    let label: MetricLabel
    let value: String
  }

  /// `{partition="2",pipeline="flights"}`, or nothing without a label.
  let text: String

  init(_ labels: [MetricLabel: String]) {
    pairs = labels.sorted { $0.key < $1.key }.map { Pair(label: $0.key, value: $0.value) }
    text = Self.text(of: pairs.map { ($0.label.rawValue, $0.value) })
  }

  /// The text with one more label at the end.
  func text(adding name: String, _ value: String) -> String {
    Self.text(of: pairs.map { ($0.label.rawValue, $0.value) } + [(name, value)])
  }

  private static func text(of parts: [(String, String)]) -> String {
    parts.isEmpty ? "" : "{\(parts.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ","))}"
  }

  private static func escaped(_ value: String) -> String {
    value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  static func < (left: LabelSet, right: LabelSet) -> Bool { left.text < right.text }
}
