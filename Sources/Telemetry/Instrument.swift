/// What a series shows.
protocol Instrument: Sendable {
  /// Appends the series' sample lines.
  func write(name: String, labels: LabelSet, into text: inout String)
}

extension Counter: Instrument {
  func write(name: String, labels: LabelSet, into text: inout String) {
    text += "\(name)\(labels.text) \(sampleText(value))\n"
  }
}

extension Gauge: Instrument {
  func write(name: String, labels: LabelSet, into text: inout String) {
    text += "\(name)\(labels.text) \(sampleText(value))\n"
  }
}

extension Histogram: Instrument {
  func write(name: String, labels: LabelSet, into text: inout String) {
    writeBuckets(cumulativeCounts, bounds: bounds, sum: sum, name: name, labels: labels, into: &text)
  }
}

extension DurationHistogram: Instrument {
  func write(name: String, labels: LabelSet, into text: inout String) {
    writeBuckets(cumulativeCounts, bounds: bounds, sum: sum, name: name, labels: labels, into: &text)
  }
}

extension MetricSamples.Sample: Instrument {
  func write(name: String, labels: LabelSet, into text: inout String) {
    text += "\(name)\(labels.text) \(sampleText(value))\n"
  }
}

/// - Parameter counts: Up to each bound, and then all.
private func writeBuckets(
  _ counts: [Int64], bounds: [Double], sum: Double, name: String, labels: LabelSet, into text: inout String
) {
  for (bound, count) in zip(bounds, counts) {
    text += "\(name)_bucket\(labels.text(adding: "le", sampleText(bound))) \(count)\n"
  }
  let all = counts.last ?? 0
  text += "\(name)_bucket\(labels.text(adding: "le", "+Inf")) \(all)\n"
  text += "\(name)_sum\(labels.text) \(sampleText(sum))\n"
  text += "\(name)_count\(labels.text) \(all)\n"
}

/// A number as Prometheus writes it.
private func sampleText(_ value: Double) -> String {
  if value.isNaN { return "NaN" }
  if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
  return Int64(exactly: value).map { String($0) } ?? String(value)
}
