import Evaluation
import Foundation
import Learning
import Pipelines
import Registry
import Rollouts
import Vocabulary

/// In what two models of a pipeline differ: what `versions diff --json` prints.
struct VersionsDiff: Encodable {
  struct Side: Encodable {
    /// As `v7`, or `checkpoint 41`.
    var name: String
    var version: Int64?
    var state: String?
    var checkpoint: Int64
    var lineage: Int
    /// The run that learned it.
    var run: String
    var step: Int64
    var hasState: Bool
    var parametersDigest: String
    /// Test-then-train, over all that led to it, and over its last window.
    var measures: Measures
    var window: Measures
    /// What each member of `model: auto` is worth; nil: there are none, or nobody knows.
    var members: [MemberWeight]?
  }

  struct Setting: Encodable {
    var setting: String
    /// nil: it was not there.
    var one: String?
    var other: String?
    /// What it means for weights that were learned before.
    var effect: EditEffect
  }

  struct Learned: Encodable {
    /// Offsets of the one topic that both have learned from; nil: they learned from different ones, whose offsets mean nothing to
    /// each other.
    var both: Int64?
    var onlyOne: [OffsetStretch]
    var onlyOther: [OffsetStretch]
    /// What their lineages left out on purpose: forgotten, or passed by a rewind.
    var leftOutOne: [OffsetStretch]
    var leftOutOther: [OffsetStretch]
  }

  /// Of what frozen weights lost on the same records: one less the other.
  struct Pairs: Encodable {
    struct Measure: Encodable {
      /// `loss`, `error` or `area`: wrong answers, and what the area under the ROC curve lacks.
      var measure: String
      var mean: Double
      /// 95 % bounds that hold at every look; nil: there are too few pairs.
      var lower: Double?
      var upper: Double?
    }

    var pairs: Int64
    /// That says so last.
    var checkpoint: Int64
    var at: Date
    var measures: [Measure]
  }

  struct Layer: Encodable {
    var layer: String
    var one: PipelineStatus.Layer?
    var other: PipelineStatus.Layer?
  }

  var pipeline: String
  var one: Side
  var other: Side
  /// The same parameters, to the last bit.
  var isSame: Bool
  var settings: [Setting]
  /// What of settings was edited between the two, in sentences.
  var edits: [String]
  var learned: Learned
  /// nil: see `notes`.
  var weights: WeightsDifference?
  /// nil: they were never asked about the same records.
  var pairs: Pairs?
  var health: [Layer]
  /// What could not be compared, and why.
  var notes: [String]

  static let confidence = 0.95

  init(_ one: ModelWord, _ other: ModelWord, _ record: PipelineRecord, _ registry: Registry) async throws {
    let first = try await ComparedModel(one, record, registry)
    let second = try await ComparedModel(other, record, registry)
    pipeline = record.name
    (self.one, self.other) = (first.side, second.side)
    isSame = first.side.parametersDigest == second.side.parametersDigest
    notes = []
    settings = Self.settings(first, second)
    edits = try await Self.edits(first, second, record, registry)
    let streams = try await registry.streams(
      sharingTopicWith: first.checkpoint.progress.first?.stream ?? record.stream, pipeline: record.id)
    let (mine, theirs) = (
      try await LearnedStretches.of(first.checkpoint, windows: first.windows, streams: streams, registry),
      try await LearnedStretches.of(second.checkpoint, windows: second.windows, streams: streams, registry)
    )
    let isOneTopic = second.checkpoint.progress.allSatisfy { streams.contains($0.stream) }
    learned = Learned(
      both: nil, onlyOne: OffsetStretch.difference(mine.learned, theirs.learned),
      onlyOther: OffsetStretch.difference(theirs.learned, mine.learned), leftOutOne: mine.leftOut,
      leftOutOther: theirs.leftOut)
    if isOneTopic {
      let own = OffsetStretch.difference(mine.learned, learned.onlyOne)
      learned.both = own.reduce(0) { $0 + $1.count }
    } else {
      notes.append(
        "they have learned from different topics, or one that was made anew: offsets of one mean nothing to the other")
    }
    health = Self.health(
      try await registry.layerHealth(checkpoint: first.checkpoint.id).map(PipelineStatus.Layer.init),
      try await registry.layerHealth(checkpoint: second.checkpoint.id).map(PipelineStatus.Layer.init))
    pairs = try await Self.pairs(first, second, record, registry)
    if let (numbers, others) = try await Self.models(first, second, registry, &notes) {
      weights = WeightsDifference(
        numbers.parts, others.parts, isContinued: first.leads(to: second) || second.leads(to: first))
      (self.one.members, self.other.members) = (Self.members(numbers), Self.members(others))
    }
  }

  private static func settings(_ one: ComparedModel, _ other: ComparedModel) -> [Setting] {
    guard let before = one.pipeline, let after = other.pipeline else { return [] }
    let meaning = DataContract(before).edits(to: DataContract(after))
    let rest = after.edits(since: before).filter { edit in
      !["schema", "model"].contains { edit.setting.hasPrefix($0) } && !meaning.contains { $0.setting == edit.setting }
    }
    return (meaning + rest).map { Setting(setting: $0.setting, one: $0.old, other: $0.new, effect: $0.effect) }
  }

  /// Of the live run nobody knows by which training settings each window was learned; what was edited between the two is written
  /// down.
  private static func edits(
    _ one: ComparedModel, _ other: ComparedModel, _ record: PipelineRecord, _ registry: Registry
  ) async throws -> [String] {
    let times = [one.checkpoint.createdAt, other.checkpoint.createdAt].sorted()
    return try await registry.incidents(pipeline: record.id, limit: 1000)
      .filter { $0.kind == "pipeline_edited" && $0.openedAt > times[0] && $0.openedAt <= times[1] }
      .reversed().flatMap { incident in
        incident.facts.filter { $0.key != "checkpoint" }.sorted { $0.key < $1.key }.map {
          "after checkpoint \(incident.facts["checkpoint"] ?? "?"): \($0.value)"
        }
      }
  }

  private static func models(
    _ one: ComparedModel, _ other: ComparedModel, _ registry: Registry, _ notes: inout [String]
  ) async throws -> (FrozenModel, FrozenModel)? {
    let pruned = [one, other].filter { !$0.checkpoint.hasState }
    guard pruned.isEmpty else {
      notes += pruned.map {
        "the state of \($0.side.name) was pruned (checkpoint.keep): its weights cannot be compared"
      }
      return nil
    }
    guard let first = try await one.model(registry), let second = try await other.model(registry) else {
      notes.append("the file that they were learned by cannot be read any more: their weights cannot be compared")
      return nil
    }
    return (first, second)
  }

  private static func members(_ model: FrozenModel) -> [MemberWeight]? {
    guard case .recipe(let version) = model else { return nil }
    return version.memberWeights
  }

  private static func health(_ one: [PipelineStatus.Layer], _ other: [PipelineStatus.Layer]) -> [Layer] {
    let names = one.map(\.layer) + other.map(\.layer).filter { name in !one.contains { $0.layer == name } }
    return names.map { name in
      Layer(layer: name, one: one.first { $0.layer == name }, other: other.first { $0.layer == name })
    }
  }

  private static func pairs(
    _ one: ComparedModel, _ other: ComparedModel, _ record: PipelineRecord, _ registry: Registry
  ) async throws -> Pairs? {
    guard let first = one.side.version, let second = other.side.version, first != second else { return nil }
    let found = try await registry.frozenPairs(
      first, second, after: max(one.checkpoint.id, other.checkpoint.id), pipeline: record.id)
    guard let found, found.entry.pairs.count > 0 else { return nil }
    // As the first less the second, whichever was held against the other.
    let sign = found.version == first ? 1.0 : -1.0
    func measure(_ name: String, _ mean: Double, _ bounds: (lower: Double, upper: Double)) -> Pairs.Measure {
      let ends = [bounds.lower * sign, bounds.upper * sign].sorted()
      return Pairs.Measure(
        measure: name, mean: mean * sign, lower: ends[0].isFinite ? ends[0] : nil,
        upper: ends[1].isFinite ? ends[1] : nil)
    }
    let (pairs, errors, area) = (found.entry.pairs, found.entry.errors, found.entry.area)
    var measures = [measure("loss", pairs.mean, pairs.confidenceSequence(confidence: confidence))]
    if errors.count > 0 {
      measures.append(measure("error", errors.mean, errors.confidenceSequence(confidence: confidence)))
      measures.append(measure("area", area.mean, area.confidenceSequence(confidence: confidence)))
    }
    return Pairs(pairs: pairs.count, checkpoint: found.checkpoint, at: found.at, measures: measures)
  }
}

/// One of the two, with what says how it came about.
struct ComparedModel {
  let side: VersionsDiff.Side
  let checkpoint: CheckpointRecord
  /// From the first checkpoint of all to its own.
  let windows: [LineageWindow]
  /// As it was learned; nil: the file cannot be read any more.
  let pipeline: Pipeline?

  init(_ word: ModelWord, _ record: PipelineRecord, _ registry: Registry) async throws {
    let (version, checkpoint) = try await word.find(record, registry)
    self.checkpoint = checkpoint
    windows = try await registry.windows(leadingTo: checkpoint.id)
    let text = try await registry.pipeline(record.id, run: checkpoint.run)?.specification ?? record.specification
    let today = try? PipelineParser.parse(text: text, fileName: record.name) { Environment.value(of: $0) ?? "0" }
    let contract = try await registry.contract(ofCheckpoint: checkpoint.id).map { try DataContract(text: $0.text) }
    let overrides = try await registry.lineage(checkpoint.lineage, pipeline: record.id)?.overrides ?? .none
    pipeline = today.map { today in (contract.map { today.under($0) } ?? today.following(nil)).with(overrides) }
    let runs = try await registry.runs(pipeline: record.id)
    side = VersionsDiff.Side(
      name: version.map { "v\($0.number)" } ?? "checkpoint \(checkpoint.id)", version: version?.number,
      state: version?.state.rawValue, checkpoint: checkpoint.id, lineage: checkpoint.lineage,
      run: runs.first { $0.run == checkpoint.run }?.name ?? "live", step: checkpoint.step,
      hasState: checkpoint.hasState, parametersDigest: checkpoint.parametersDigest,
      measures: Measures(checkpoint.metrics), window: Measures(checkpoint.window))
  }

  func leads(to other: ComparedModel) -> Bool { other.windows.contains { $0.checkpoint == checkpoint.id } }

  func model(_ registry: Registry) async throws -> FrozenModel? {
    guard let pipeline else { return nil }
    return try FrozenModel(spec: LearnerSpec(pipeline), state: try await registry.state(of: checkpoint.id))
  }
}
