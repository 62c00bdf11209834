/// Values as they are at the moment when somebody asks, in the order in which they are told.
public struct MetricSamples: Sendable {
  struct Sample: Sendable { let value: Double }

  private(set) var families: [String: MetricsRegistry.Family] = [:]
  /// Label sets beyond the limit of a metric.
  private(set) var dropped = 0

  init() {}

  /// - Parameter value: nil: there is none at the moment, and no series.
  public mutating func gauge(_ name: String, help: String, labels: [MetricLabel: String] = [:], _ value: Double?) {
    if let value { add(name, help, labels, type: "gauge", value) }
  }

  public mutating func gauge(
    _ name: String, help: String, labels: [MetricLabel: String] = [:], _ value: (some BinaryInteger)?
  ) {
    if let value { add(name, help, labels, type: "gauge", Double(value)) }
  }

  /// What only grows for as long as the process lives.
  public mutating func counter(
    _ name: String, help: String, labels: [MetricLabel: String] = [:], _ value: (some BinaryInteger)?
  ) {
    precondition(name.hasSuffix("_total"), "the name of a counter ends in _total, \(name) does not")
    if let value { add(name, help, labels, type: "counter", Double(value)) }
  }

  /// Seconds that only grow for as long as the process lives.
  public mutating func counter(_ name: String, help: String, labels: [MetricLabel: String] = [:], nanoseconds: Int64) {
    precondition(name.hasSuffix("_seconds_total"), "\(name) is told in seconds")
    add(name, help, labels, type: "counter", Double(nanoseconds) / 1e9)
  }

  /// Times that somebody keeps, of what comes and goes.
  public mutating func durations(
    _ name: String, help: String, labels: [MetricLabel: String] = [:], _ histogram: DurationHistogram
  ) {
    add(name, help, labels, type: "histogram", histogram)
  }

  private mutating func add(
    _ name: String, _ help: String, _ labels: [MetricLabel: String], type: String, _ value: Double
  ) {
    add(name, help, labels, type: type, Sample(value: value))
  }

  private mutating func add(
    _ name: String, _ help: String, _ labels: [MetricLabel: String], type: String, _ instrument: any Instrument
  ) {
    MetricsRegistry.check(name)
    var family = families[name] ?? MetricsRegistry.Family(help: help, type: type)
    precondition(family.type == type, "\(name) is a \(family.type) and was told as a \(type)")
    let set = LabelSet(labels)
    guard family.series.count < MetricsRegistry.seriesMax || family.series[set] != nil else {
      dropped += 1
      return
    }
    family.series[set] = instrument
    families[name] = family
  }
}
