import Evaluation
import Foundation
import Health
import Rollouts
import Testing
import Vocabulary

@Suite("Versions, window by window")
struct VersionWindowsTests {
  /// Windows of three hundred records, of a reference and a version beside it.
  private struct Stream {
    var frozen = FrozenScores()
    var windows = VersionWindows()
    var step: Int64 = 0

    init(reference: Int64 = 1, beside version: Int64 = 2) {
      frozen.follow(count: 2) { [reference, version][$0] }
    }

    mutating func window(_ losses: [Double], isPositive: Bool? = nil, prior: Double = 0.7) {
      for record in 0..<300 {
        let noise = record % 2 == 0 ? 0.01 : -0.01
        for place in 0..<2 {
          frozen.add(
            losses[place] + noise, reference: losses[0] + noise, learner: 0.5,
            isPositive: isPositive, weight: 1, at: place)
        }
      }
      step += 100
      windows.add(frozen, priorLoss: prior, step: step)
    }

    func failed(of version: Int64, target: Int64? = nil) -> [String] {
      (windows.findings(HealthPolicy(), target: target)[version] ?? []).filter { $0.verdict == .fail }.map(\.rule)
    }
  }

  @Test("a window in which a version alone loses far more than before is a spike of that version, and of no other")
  func spike() throws {
    var stream = Stream()
    for _ in 0..<7 { stream.window([0.5, 0.5]) }
    #expect(stream.failed(of: 2).isEmpty)
    stream.window([0.5, 4])
    #expect(stream.failed(of: 2).contains("loss_spike") && stream.failed(of: 1).isEmpty)
    let finding = try #require(
      stream.windows.findings(HealthPolicy(), target: nil)[2]?.first { $0.rule == "loss_spike" })
    #expect(finding.version == 2 && finding.sentence.contains("by the frozen weights of version 2"))
  }

  @Test("where the version that it is held against loses more as well it is the stream, and condemns nobody")
  func streamChanges() throws {
    var stream = Stream()
    for _ in 0..<7 { stream.window([0.5, 0.5]) }
    stream.window([4, 4])
    #expect(stream.failed(of: 2).isEmpty)
    let finding = try #require(
      stream.windows.findings(HealthPolicy(), target: nil)[2]?.first { $0.rule == "loss_spike" })
    #expect(finding.verdict == .inconclusive && finding.sentence.contains("it is the stream that has changed"))
    // The reference has nobody beside it but what a rollback would return to.
    #expect(stream.failed(of: 1).contains("loss_spike") && !stream.failed(of: 1, target: 2).contains("loss_spike"))
  }

  @Test("a loss that stays at another level for two windows is a drift of the version, one that falls back is none")
  func drift() {
    var stream = Stream()
    for _ in 0..<12 { stream.window([0.5, 0.5]) }
    stream.window([0.5, 0.9])
    #expect(!stream.failed(of: 2).contains("loss_drift"))
    var storm = stream
    storm.window([0.5, 0.5])
    #expect(!storm.failed(of: 2).contains("loss_drift"))
    stream.window([0.5, 0.9])
    #expect(stream.failed(of: 2).contains("loss_drift"))
  }

  @Test("a version worse than constants for three windows diverges, whatever the learner does")
  func diverging() {
    var stream = Stream()
    for window in 1...3 {
      stream.window([0.5, 2])
      #expect(stream.failed(of: 2).contains("diverging") == (window == 3))
    }
  }

  @Test("answers that are spread otherwise than the other version's to the same records are told")
  func answers() throws {
    var stream = Stream()
    // The one says 0.6 and the other 0.95.
    for _ in 0..<4 { stream.window([0.51, 0.05], isPositive: true) }
    let finding = try #require(
      stream.windows.findings(HealthPolicy(), target: nil)[2]?.first { $0.rule == "prediction_drift" })
    #expect(finding.verdict == .fail && finding.sentence.contains("those of version 1 to the same records"))
    var same = Stream()
    for _ in 0..<4 { same.window([0.51, 0.51], isPositive: true) }
    #expect(!same.failed(of: 2).contains("prediction_drift"))
  }

  @Test("scored anew against another version, a window is what came since")
  func anew() {
    var stream = Stream()
    for _ in 0..<7 { stream.window([0.5, 0.5]) }
    stream.frozen.follow(count: 2) { [3, 2][$0] }
    stream.window([0.5, 0.5])
    #expect(stream.failed(of: 2).isEmpty)
    stream.window([0.5, 4])
    #expect(stream.failed(of: 2).contains("loss_spike"))
  }

  @Test("one version has served throughout a window only if it did at both its ends")
  func serving() {
    var frozen = FrozenScores()
    frozen.follow(count: 1) { _ in 1 }
    frozen.serving = 1
    var windows = VersionWindows()
    #expect(windows.served(throughout: frozen) == nil)
    windows.add(frozen, priorLoss: nil, step: 1)
    #expect(windows.served(throughout: frozen) == 1)
    frozen.serving = 2
    #expect(windows.served(throughout: frozen) == nil && windows.served(throughout: nil) == nil)
  }
}
