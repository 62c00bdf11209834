package import Registry
import Rollouts
import Vocabulary

/// The way of a run beside, from what it was asked for to a version that serves.
package enum RetrainStage: String, Sendable, Hashable, Codable, CaseIterable {
  /// What it is to read is there, and its settings are sound.
  case validate
  /// It learns, and catches up.
  case train
  /// Its version is held against those that serve, on the same records.
  case evaluate
  /// It answers a share of the requests.
  case canary
  /// It serves.
  case promote

  package enum State: String, Sendable, Hashable, Codable {
    case done, running, waiting, failed, stopped
    /// There was no need of it: without `rollout.canary`, or where a person promoted it.
    case passedOver = "passed_over"
  }

  package struct Entry: Sendable, Hashable, Codable {
    package var stage: RetrainStage
    package var state: State
  }

  /// - Parameters:
  ///   - version: What it came to; nil: nothing yet.
  ///   - journal: All decisions about that.
  package static func all(
    _ replay: ReplayRecord, _ version: VersionRecord?, journal: [DecisionRecord]
  ) -> [Entry] {
    var states: [RetrainStage: State] = [.validate: .done]
    switch replay.phase {
    case .replaying, .catchingUp: states[.train] = .running
    case .done: states[.train] = .done
    case .stopped: states[.train] = .stopped
    case .failed: states[.train] = .failed
    }
    if let version {
      let wasCanary = version.state == .canary || journal.contains { $0.to == .canary }
      let canary: State = wasCanary ? .done : .passedOver
      switch version.state {
      case .candidate: states[.evaluate] = .running
      case .validated: states[.evaluate] = .done
      case .canary: (states[.evaluate], states[.canary]) = (.done, .running)
      case .stable: (states[.evaluate], states[.canary], states[.promote]) = (.done, canary, .done)
      case .retired, .rejected, .rolledBack:
        if version.wasStable {
          (states[.evaluate], states[.canary], states[.promote]) = (.done, canary, .done)
        } else if wasCanary {
          (states[.evaluate], states[.canary]) = (.done, .failed)
        } else {
          states[.evaluate] = .failed
        }
      }
    }
    return allCases.map { Entry(stage: $0, state: states[$0] ?? .waiting) }
  }
}
