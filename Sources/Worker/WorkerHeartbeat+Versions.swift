import Learning
import Pipelines
import Registry
import Rollouts
import Telemetry
import Vocabulary

/// What a heartbeat knows of the versions that it has seen.
struct FrozenRoll: Sendable {
  /// A version that could not be loaded, and when to try it again: its state may be large.
  var refused: [Int64: (until: ContinuousClock.Instant, error: any Error)] = [:]
  /// Versions that read the stream in a way of their own.
  var incomparable: Set<Int64> = []
}

extension WorkerHeartbeat {
  private static let statePatience = Duration.seconds(60)
  private static let retryAfter = Duration.seconds(30)

  /// Loads the versions whose frozen weights are asked about what comes, as they change.
  func followVersions(_ roll: inout FrozenRoll) async throws {
    let versions = try await registry.versionsInPlay(pipeline: resources.pipelineID)
    let scored = Rollout.scored(among: versions.map(\.facts))
    let known = Set(resources.frozen.numbers)
    roll.refused = roll.refused.filter { refused in scored.contains { $0.number == refused.key } }
    var new: [FrozenVersions.Version] = []
    var failure: (any Error)?
    for version in scored where !known.contains(version.number) && !roll.incomparable.contains(version.number) {
      if let refused = roll.refused[version.number], refused.until > .now {
        failure = failure ?? refused.error
        continue
      }
      do {
        if let loaded = try await load(version) {
          new.append(loaded)
        } else {
          roll.incomparable.insert(version.number)
        }
        roll.refused[version.number] = nil
      } catch {
        roll.refused[version.number] = (.now + Self.retryAfter, error)
        failure = failure ?? error
      }
    }
    let serving = scored.first { $0.state == .stable }?.number ?? 0
    resources.frozen.call(scored.map(\.number), serving: serving, new: new)
    if let failure { throw failure }
  }

  /// - Returns: nil: it reads the stream otherwise than the learner does, and that is told.
  private func load(_ version: VersionFacts) async throws -> FrozenVersions.Version? {
    let contract = try await registry.contract(ofCheckpoint: version.checkpoint)
    let own = resources.pipeline
    let theirs = try contract.map { own.under(try DataContract(text: $0.text)) } ?? own.following(nil)
    if let obstacle = BatchTranslation.obstacle(from: own, to: theirs) {
      try await tellIncomparable(version.number, obstacle)
      return nil
    }
    let bytes = try await registry.within(Self.statePatience).state(of: version.checkpoint)
    let capacity = own.deal(partitions: resources.partitionCount).stepMax
    return FrozenVersions.Version(
      number: version.number, of: try FrozenModel(spec: LearnerSpec(theirs), state: bytes),
      translation: BatchTranslation(from: own, to: theirs, capacity: capacity),
      classes: own.schema.label.findsClasses ? theirs.schema.label.classes : nil,
      learned: try await learned(version))
  }

  /// Where the version's own records end, by partition; those of another topic of the name are not these.
  private func learned(_ version: VersionFacts) async throws -> [Int64] {
    var ends = [Int64](repeating: 0, count: resources.partitionCount)
    let streams = try await registry.streams(sharingTopicWith: resources.stream, pipeline: resources.pipelineID)
    for progress in try await registry.checkpoint(version.checkpoint)?.progress ?? []
    where streams.contains(progress.stream) && ends.indices.contains(Int(progress.partition)) {
      ends[Int(progress.partition)] = progress.nextOffset
    }
    return ends
  }

  /// The version reads the stream in a way of its own: only a person can say which one is better.
  private func tellIncomparable(_ version: Int64, _ obstacle: String) async throws {
    let sentence = "new versions cannot be compared with version \(version): \(obstacle)"
    resources.logger.notice(
      "new versions cannot be compared with one that serves or served",
      [.version: LogValue(version), .reason: LogValue(obstacle)])
    _ = try await registry.openIncident(
      pipeline: resources.pipelineID,
      IncidentDraft(
        key: "not_compared \(version) \(resources.work)", kind: "not_compared", severity: .notice,
        details: IncidentDraft.details(["reason": sentence + "; 'retrainctl promote N' decides"])))
  }
}
