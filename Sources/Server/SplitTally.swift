import Registry
import Rollouts
import Synchronization

/// How requests were dealt to the stable version and the canary since the canary has its share: each key once, by who answered it first,
/// because requests of one key go one way; and each request without a key. And what became of all of them. Any thread.
final class SplitTally: Sendable {
  private struct Stage {
    var split: ServerReport.Split?
    var keys = KeySet()
    var answers = SplitAnswers()
    var began = ContinuousClock.now
  }

  private let stage = Mutex(Stage())

  /// Begins anew where the canary or its share is another.
  func begin(_ canary: Int64?, share: Double) {
    stage.withLock { stage in
      guard let canary, share > 0 else {
        if stage.split != nil { stage = Stage() }
        return
      }
      guard stage.split?.version != canary || stage.split?.share != share else { return }
      stage = Stage(split: ServerReport.Split(version: canary, share: share))
    }
  }

  /// Notes who has answered a request; one that began at another share is left out.
  ///
  /// - Parameter key: Its hash; nil: the request has none.
  func note(_ key: UInt64?, byCanary: Bool, of canary: Int64, share: Double) {
    stage.withLock { stage in
      guard stage.split?.version == canary, stage.split?.share == share else { return }
      if let key, !stage.keys.insert(key) { return }
      if byCanary { stage.split?.canary += 1 } else { stage.split?.stable += 1 }
    }
  }

  /// Notes what became of a request that was dealt.
  ///
  /// - Parameters:
  ///   - time: That the answer took; nil: the version failed at it.
  ///   - warmUp: Since the canary has its share; what is in that time does not count.
  func measure(_ time: Duration?, byCanary: Bool, of canary: Int64, share: Double, warmUp: Duration) {
    stage.withLock { stage in
      guard stage.split?.version == canary, stage.split?.share == share,
        warmUp == .zero || stage.began.duration(to: .now) >= warmUp
      else { return }
      stage.answers.add(time, byCanary: byCanary)
    }
  }

  var split: ServerReport.Split? { stage.withLock { $0.split } }
  /// nil: there is no canary.
  var answers: SplitAnswers? { stage.withLock { $0.split == nil ? nil : $0.answers } }
}

/// Hashes that were met, up to so many; then no more are taken up, and there are enough of them.
package struct KeySet {
  package static let countMax = 1 << 14
  /// By the low bits, the next one free where two meet; 0: none. Twice as many as keys, made with the first.
  private var slots: [UInt64] = []
  package private(set) var count = 0

  package init() {}

  /// - Returns: Whether it was new, and taken up.
  package mutating func insert(_ hash: UInt64) -> Bool {
    guard count < Self.countMax else { return false }
    if slots.isEmpty { slots = Array(repeating: 0, count: 2 * Self.countMax) }
    let key = hash == 0 ? 1 : hash
    var slot = Int(truncatingIfNeeded: key) & (slots.count - 1)
    while slots[slot] != 0 {
      if slots[slot] == key { return false }
      slot = (slot + 1) & (slots.count - 1)
    }
    slots[slot] = key
    count += 1
    return true
  }
}
