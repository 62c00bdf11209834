import Synchronization

/// All metrics of a process, and their text for Prometheus.
///
/// Asking for a metric takes a lock: keep what is returned. Names begin with `retrain_`, end in their base unit
/// (`_seconds`, `_bytes`), counters in `_total`. Any thread may ask.
public final class MetricsRegistry: Sendable {
  /// Label sets a metric may have; what is asked for beyond works, but is not shown, and is counted in
  /// `retrain_metrics_dropped_series_total`.
  public static let seriesMax = 1000

  private let families = Mutex<[String: Family]>([:])
  private let collectors = Mutex<[@Sendable (inout MetricSamples) -> Void]>([])

  public init() {}

  public func counter(_ name: String, help: String, labels: [MetricLabel: String] = [:]) -> Counter {
    precondition(name.hasSuffix("_total"), "the name of a counter ends in _total, \(name) does not")
    return instrument(name, help, labels, type: "counter") { Counter() }
  }

  public func gauge(_ name: String, help: String, labels: [MetricLabel: String] = [:]) -> Gauge {
    instrument(name, help, labels, type: "gauge") { Gauge() }
  }

  /// - Parameter bounds: Upper bounds of the buckets, ascending and finite; the same for all label sets of a metric.
  public func histogram(
    _ name: String, help: String, labels: [MetricLabel: String] = [:], bounds: [Double] = Histogram.secondsBounds
  ) -> Histogram {
    instrument(name, help, labels, type: "histogram") { Histogram(bounds: bounds) }
  }

  /// The same for times, in nanoseconds beneath: an observation is two additions that never wait.
  ///
  /// - Parameter bounds: Upper bounds of the buckets in seconds.
  public func durations(
    _ name: String, help: String, labels: [MetricLabel: String] = [:], bounds: [Double] = Histogram.secondsBounds
  ) -> DurationHistogram {
    instrument(name, help, labels, type: "histogram") { DurationHistogram(bounds: bounds) }
  }

  /// Has `body` asked for values whenever the text is made: what somebody else keeps, what is not always there, and what
  /// comes and goes. No series has to be removed: it is shown as long as `body` says it.
  public func collect(_ body: @escaping @Sendable (inout MetricSamples) -> Void) {
    collectors.withLock { $0.append(body) }
  }

  /// Forgets every series with this label value: of a version that no longer serves, of a rank that left.
  public func remove(_ label: MetricLabel, _ value: String) {
    families.withLock { families in
      families = families.mapValues { family in
        var family = family
        family.series = family.series.filter { series in
          !series.key.pairs.contains { $0.label == label && $0.value == value }
        }
        return family
      }
    }
  }

  /// Text exposition format 0.0.4; metrics by name, series by labels.
  public func prometheusText() -> String {
    // Only the lists are copied under the lock; the values are read after it, and nobody else waits for them.
    var families = families.withLock { $0 }
    var samples = MetricSamples()
    for collector in collectors.withLock({ $0 }) { collector(&samples) }
    for (name, found) in samples.families {
      var family = families[name] ?? found
      precondition(family.type == found.type, "\(name) is a \(family.type) and was told as a \(found.type)")
      family.series.merge(found.series) { $1 }
      families[name] = family
    }
    for _ in 0..<samples.dropped { Self.countDropped(in: &families) }
    var text = ""
    for (name, family) in families.sorted(by: { $0.key < $1.key }) where !family.series.isEmpty {
      text += "# HELP \(name) \(family.help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n"))\n"
      text += "# TYPE \(name) \(family.type)\n"
      for (labels, instrument) in family.series.sorted(by: { $0.key < $1.key }) {
        instrument.write(name: name, labels: labels, into: &text)
      }
    }
    return text
  }

  struct Family {
    let help: String
    let type: String
    var series: [LabelSet: any Instrument] = [:]
  }

  private func instrument<I: Instrument>(
    _ name: String, _ help: String, _ labels: [MetricLabel: String], type: String, _ make: () -> I
  ) -> I {
    Self.check(name)
    let set = LabelSet(labels)
    return families.withLock { families in
      var family = families[name] ?? Family(help: help, type: type)
      precondition(family.type == type, "\(name) is a \(family.type) and was asked for as a \(type)")
      if let known = family.series[set] as? I { return known }
      let new = make()
      if family.series.count < Self.seriesMax {
        family.series[set] = new
        families[name] = family
      } else {
        Self.countDropped(in: &families)
      }
      return new
    }
  }

  static func check(_ name: String) {
    precondition(
      name.hasPrefix("retrain_")
        && name.utf8.allSatisfy { $0 == 0x5F || (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) },
      "the metric name \(name) is not retrain_ and then small letters, digits and underscores")
  }

  private static func countDropped(in families: inout [String: Family]) {
    let name = "retrain_metrics_dropped_series_total"
    let help = "Label sets beyond the limit of a metric, which are not shown."
    var family = families[name] ?? Family(help: help, type: "counter")
    let counter = family.series[LabelSet([:])] as? Counter ?? Counter()
    counter.increment()
    family.series[LabelSet([:])] = counter
    families[name] = family
  }
}
