import Foundation
import Telemetry
import Testing
import Vocabulary

@Suite("Metrics")
struct MetricsTests {
  @Test("are shown in the text format of Prometheus, by name and by labels")
  func text() {
    let metrics = MetricsRegistry()
    metrics.counter("retrain_records_total", help: "Records.", labels: [.pipeline: "flights", .partition: "1"])
      .increment(by: 3)
    metrics.counter("retrain_records_total", help: "Records.", labels: [.pipeline: "flights", .partition: "0"])
      .increment()
    metrics.gauge("retrain_lag_records", help: "Behind the head.\nBy \\ partition.", labels: [.reason: "a\"b\\c\nd"])
      .set(2.5)
    let histogram = metrics.histogram("retrain_step_seconds", help: "A step.", bounds: [0.25, 1])
    for value in [0.25, 0.5, 2] { histogram.observe(value) }
    #expect(
      metrics.prometheusText() == #"""
        # HELP retrain_lag_records Behind the head.\nBy \\ partition.
        # TYPE retrain_lag_records gauge
        retrain_lag_records{reason="a\"b\\c\nd"} 2.5
        # HELP retrain_records_total Records.
        # TYPE retrain_records_total counter
        retrain_records_total{partition="0",pipeline="flights"} 1
        retrain_records_total{partition="1",pipeline="flights"} 3
        # HELP retrain_step_seconds A step.
        # TYPE retrain_step_seconds histogram
        retrain_step_seconds_bucket{le="0.25"} 1
        retrain_step_seconds_bucket{le="1"} 2
        retrain_step_seconds_bucket{le="+Inf"} 3
        retrain_step_seconds_sum 2.75
        retrain_step_seconds_count 3

        """#)
  }

  @Test("lose no count under contention")
  func contention() {
    let metrics = MetricsRegistry()
    let rounds = 20_000
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      let counter = metrics.counter("retrain_test_total", help: "Test.")
      let gauge = metrics.gauge("retrain_test", help: "Test.")
      let histogram = metrics.histogram("retrain_test_seconds", help: "Test.", bounds: [1])
      for _ in 0..<rounds {
        counter.increment()
        counter.add(0.5)
        gauge.add(1)
        histogram.observe(0.5)
      }
    }
    #expect(metrics.counter("retrain_test_total", help: "Test.").value == Double(4 * rounds) * 1.5)
    #expect(metrics.gauge("retrain_test", help: "Test.").value == Double(4 * rounds))
    let histogram = metrics.histogram("retrain_test_seconds", help: "Test.", bounds: [1])
    #expect(histogram.cumulativeCounts == [Int64(4 * rounds), Int64(4 * rounds)])
    #expect(histogram.sum == Double(2 * rounds))
  }

  @Test("write NaN and infinity as Prometheus reads them")
  func nonFinite() {
    let metrics = MetricsRegistry()
    for (reason, value) in [("a", Double.nan), ("b", .infinity), ("c", -.infinity)] {
      metrics.gauge("retrain_test", help: "Test.", labels: [.reason: reason]).set(value)
    }
    let samples = metrics.prometheusText().split(separator: "\n").suffix(3).map { $0.split(separator: " ").last }
    #expect(samples == ["NaN", "+Inf", "-Inf"])
  }

  @Test("have a bounded number of series, and say how many they dropped")
  func bounded() {
    let metrics = MetricsRegistry()
    for number in 0..<MetricsRegistry.seriesMax + 5 {
      metrics.counter("retrain_test_total", help: "Test.", labels: [.version: String(number)]).increment()
    }
    let text = metrics.prometheusText()
    #expect(text.split(separator: "\n").count { $0.hasPrefix("retrain_test_total{") } == MetricsRegistry.seriesMax)
    #expect(text.contains("retrain_metrics_dropped_series_total 5\n"))
  }

  @Test("of what has gone are forgotten, and a metric without series is not shown")
  func removal() {
    let metrics = MetricsRegistry()
    metrics.counter("retrain_test_total", help: "Test.", labels: [.version: "1"]).increment()
    metrics.gauge("retrain_test", help: "Test.").set(1)
    metrics.remove(.version, "1")
    #expect(metrics.prometheusText() == "# HELP retrain_test Test.\n# TYPE retrain_test gauge\nretrain_test 1\n")
  }
}
