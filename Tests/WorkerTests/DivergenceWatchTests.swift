import Evaluation
import Testing
import Vocabulary
import Worker

@Suite("A model that diverges")
struct DivergenceWatchTests {
  /// Values of mean 1000 and deviation 1, answered with errors of so many deviations.
  private func feed(_ metrics: inout StreamMetrics, _ count: Int, error: Float, _ random: inout SplitMix64) {
    for _ in 0..<count {
      let label = 1000 + random.nextNearlyNormal()
      withUnsafePointer(to: label) { labels in
        withUnsafePointer(to: label + error * (random.next() % 2 == 0 ? 1 : -1)) { outputs in
          metrics.add(outputs: outputs, labels: labels, weights: nil, count: 1)
        }
      }
    }
  }

  @Test("is told within eleven hundred records, not for its first answers, and not any more once it is better")
  func values() {
    var (watch, metrics, random) = (DivergenceWatch(), StreamMetrics(task: .regression), SplitMix64(seed: 3))
    func look() -> String? { watch.look(Measures(metrics), task: .regression) }
    // Before it knows the labels' mean it is wrong by a thousand deviations.
    feed(&metrics, 50, error: 1000, &random)
    #expect(look() == nil)
    feed(&metrics, 60, error: 0.5, &random)
    #expect(look() == nil)
    feed(&metrics, 1000, error: 0.5, &random)
    #expect(look() == "")
    feed(&metrics, 1000, error: 3, &random)
    let finding = look() ?? ""
    #expect(finding.contains("over the last 1000 records") && finding.contains("wide_optimizer"), "\(finding)")
    #expect(look() == nil, "there are no new ones")
    feed(&metrics, 1000, error: 0.5, &random)
    #expect(look() == "")
    // A useless model is none that diverges.
    feed(&metrics, 1000, error: 1, &random)
    #expect(look() == "")
  }

  @Test("of classes, worse than guessing by half", arguments: [(0.9, false), (0.99999, true)] as [(Float, Bool)])
  func classes(confidence: Float, isTold: Bool) {
    var (watch, metrics) = (DivergenceWatch(), StreamMetrics(task: .binary))
    func feed(_ count: Int) {
      for number in 0..<count {
        let label: Float = number % 2 == 0 ? 1 : 0
        // Confident, and wrong every fourth time.
        let output = (number / 2 % 4 == 0) == (label == 1) ? 1 - confidence : confidence
        withUnsafePointer(to: label) { labels in
          withUnsafePointer(to: output) { metrics.add(outputs: $0, labels: labels, weights: nil, count: 1) }
        }
      }
    }
    feed(100)
    #expect(watch.look(Measures(metrics), task: .binary) == nil)
    feed(1000)
    let finding = watch.look(Measures(metrics), task: .binary)
    #expect((finding?.isEmpty == false) == isTold, "\(finding ?? "–")")
  }
}
