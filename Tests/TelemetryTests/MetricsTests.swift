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

  @Test("of the moment are asked for with the text, stand among the others, and are absent where there is no value")
  func samples() {
    let metrics = MetricsRegistry()
    let gauge = metrics.gauge("retrain_b", help: "B.")
    metrics.counter("retrain_test_total", help: "Test.", labels: [.kind: "kept"]).increment()
    metrics.collect { samples in
      samples.gauge("retrain_a", help: "A.", labels: [.layer: "hidden"], gauge.value * 2)
      samples.gauge("retrain_c", help: "C.", nil as Double?)
      samples.counter("retrain_test_total", help: "Test.", labels: [.kind: "told"], 7)
    }
    gauge.set(3)
    let lines = metrics.prometheusText().split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(
      lines == [
        #"retrain_a{layer="hidden"} 6"#, "retrain_b 3", #"retrain_test_total{kind="kept"} 1"#,
        #"retrain_test_total{kind="told"} 7"#,
      ])
    gauge.set(4)
    #expect(metrics.prometheusText().contains(#"retrain_a{layer="hidden"} 8"#))
  }

  @Test("of the moment are bounded as the others are")
  func boundedSamples() {
    let metrics = MetricsRegistry()
    metrics.collect { samples in
      for number in 0..<MetricsRegistry.seriesMax + 3 {
        samples.gauge("retrain_test", help: "Test.", labels: [.feature: String(number)], 1)
      }
    }
    let text = metrics.prometheusText()
    #expect(text.split(separator: "\n").count { $0.hasPrefix("retrain_test{") } == MetricsRegistry.seriesMax)
    #expect(text.contains("retrain_metrics_dropped_series_total 3\n"))
  }

  @Test("of times fall into the bucket whose bound they do not exceed, to the nanosecond")
  func durations() {
    let metrics = MetricsRegistry()
    let times = metrics.durations("retrain_test_seconds", help: "Test.", bounds: [0.000_01, 0.5])
    for time in [Duration.zero, .microseconds(10), .nanoseconds(10_001), .milliseconds(500), .seconds(3), .seconds(-1)]
    { times.observe(time) }
    #expect(times.cumulativeCounts == [3, 5, 6])
    #expect(abs(times.sum - 3.500_020_001) < 1e-12)
    #expect(metrics.prometheusText().contains(#"retrain_test_seconds_bucket{le="+Inf"} 6"#))
  }

  @Test("of times that somebody else keeps are shown as long as they are told")
  func toldDurations() {
    let metrics = MetricsRegistry()
    let times = DurationHistogram(bounds: [0.001, 0.5])
    times.observe(.milliseconds(2))
    metrics.collect { $0.durations("retrain_test_seconds", help: "Test.", labels: [.version: "3"], times) }
    let text = metrics.prometheusText()
    #expect(text.contains("# TYPE retrain_test_seconds histogram\n"))
    #expect(text.contains(#"retrain_test_seconds_bucket{version="3",le="0.001"} 0"#))
    #expect(text.contains(#"retrain_test_seconds_bucket{version="3",le="0.5"} 1"#))
    #expect(text.contains(#"retrain_test_seconds_count{version="3"} 1"#))
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
