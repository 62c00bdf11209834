public import Foundation
import Postgres
public import Vocabulary

/// Where a lineage begins: from nothing or from a checkpoint, at which offsets, and with what of the stream left out.
public struct LineageOrigin: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// A person had training go on from a checkpoint.
    case restore
    /// Back before what did harm.
    case rewind
    /// Records are taken out as if they had never been.
    case forget
    /// The stream once more, in a run beside.
    case retrain
    /// The live run takes over what a run beside has learned.
    case takeOver = "take_over"
    /// A model without a past, which leaves out what was forgotten.
    case anew
  }

  public enum Place: Sendable, Hashable {
    /// Each partition where the origin's own records end.
    case own
    /// Where the run stands by its newest checkpoint: what lies between is left out.
    case present
    /// By partition; one that is not named as `own`.
    case at([Int32: Int64])
  }

  public var kind: Kind
  /// nil: a model without a past.
  public var checkpoint: Int64?
  public var place: Place
  /// Left out from where the lineage begins on, beside what the origin's lineage leaves out.
  public var skips: [OffsetStretch]
  /// Of these, what no lineage of the topic may learn any more.
  public var forgets: [OffsetStretch]
  public var overrides: LearningOverrides
  /// Whether the origin's offsets are those of the topic that the run reads now. Where not, its place is the present one.
  public var isSameTopic: Bool
  /// Who decides, and why.
  public var actor: String
  public var reason: String

  public init(
    _ kind: Kind, checkpoint: Int64?, place: Place = .own, skips: [OffsetStretch] = [],
    forgets: [OffsetStretch] = [], overrides: LearningOverrides = .none, isSameTopic: Bool = true, actor: String,
    reason: String
  ) {
    self.kind = kind
    self.checkpoint = checkpoint
    self.place = place
    self.skips = skips
    self.forgets = forgets
    self.overrides = overrides
    self.isSameTopic = isSameTopic
    self.actor = actor
    self.reason = reason
  }
}

/// A lineage as it was begun from somewhere.
public struct LineageRecord: Sendable, Hashable, Codable {
  public let number: Int
  public let run: RunID
  /// What it reads, as in `PartitionProgress`.
  public let stream: Int
  public let kind: LineageOrigin.Kind
  /// The checkpoint that it goes on from; nil: from nothing.
  public let origin: Int64?
  /// Its own first one, with which workers go on; nil: they begin with nothing.
  public let checkpoint: Int64?
  public let actor: String
  public let reason: String
  public let overrides: LearningOverrides
  /// Where it goes on and what it leaves out, in words.
  public let summary: String
  public let begunAt: Date
  /// What it leaves out of its stream, in order.
  public let skips: [OffsetStretch]

  init(_ row: PostgresRow, skips: [OffsetStretch]) throws {
    number = try row.value("number")
    run = RunID(rawValue: try row.value("run"))
    stream = try row.value("stream")
    let kind: String = try row.value("kind")
    guard let kind = LineageOrigin.Kind(rawValue: kind) else {
      throw RegistryError(.damaged, "a lineage was begun by the unknown \(kind)")
    }
    self.kind = kind
    origin = try row.optional("origin")
    checkpoint = try row.optional("first_checkpoint")
    actor = try row.value("actor")
    reason = try row.value("reason")
    overrides = try decodeJSON(LearningOverrides.self, from: row.value("overrides"))
    summary = try row.value("summary")
    begunAt = try row.value("begun_at")
    self.skips = skips
  }

  /// What began it, in a sentence.
  public var sentence: String {
    "lineage \(number) goes on from " + (origin.map { "checkpoint \($0)" } ?? "nothing")
      + " (\(kind.rawValue.replacing("_", with: "-")) by \(actor)\(reason.isEmpty ? "" : ": \(reason)")); \(summary)"
      + (overrides.sentence.map { "; \($0)" } ?? "")
  }
}

/// Where the partitions of a lineage stand before its first record, worked out: a rule.
struct LineagePlaces {
  private(set) var progress: [PartitionProgress] = []
  /// What is left out behind them, in order.
  private(set) var skips: [OffsetStretch] = []
  /// What was left out of what the origin has, up to them.
  private(set) var passed: [OffsetStretch] = []
  /// Partitions that begin elsewhere than where the origin ends, on purpose.
  private(set) var moved: [OffsetStretch] = []

  /// - Parameters:
  ///   - origin: The checkpoint's; none of a model without a past.
  ///   - present: Where the run stands now.
  ///   - stream: The number of the new lineage's.
  ///   - inherited: What the origin's lineage leaves out, and for a rewind that of the run.
  /// - Throws: `refused` where records would be learned twice, or nobody can say where to begin.
  init(
    _ want: LineageOrigin, origin: [PartitionProgress], present: [PartitionProgress], stream: Int,
    inherited: [OffsetStretch]
  ) throws {
    let skips = OffsetStretch.united(want.skips + (want.isSameTopic ? inherited : []))
    let now = Dictionary(present.map { ($0.partition, $0) }) { first, _ in first }
    for var entry in origin.sorted(by: { $0.partition < $1.partition }) {
      entry.stream = stream
      let partition = entry.partition
      guard want.isSameTopic else {
        // Its offsets mean nothing any more.
        guard let place = now[partition] else { continue }
        entry.enter(stream: stream, at: place.nextOffset)
        progress.append(entry)
        continue
      }
      switch want.place {
      case .own: break
      case .present:
        if let next = now[partition]?.nextOffset {
          guard next >= entry.nextOffset else {
            throw RegistryError(
              .refused,
              "checkpoint \(want.checkpoint ?? 0) has learned partition \(partition) up to offset \(entry.nextOffset), beyond "
                + "the present \(next): its records would be learned twice; at its own offsets nothing is")
          }
          leaveOut(&entry, upTo: next)
        }
      case .at(let places):
        guard let next = places[partition] else { break }
        if next >= entry.nextOffset {
          leaveOut(&entry, upTo: next)
        } else {
          moved.append(OffsetStretch(partition: partition, from: next, next: entry.nextOffset))
          entry.enter(stream: stream, at: next)
        }
      }
      progress.append(entry)
    }
    // Partitions that came after the origin's last record are passed up to the present too.
    if case .present = want.place, want.checkpoint != nil {
      for var entry in present.sorted(by: { $0.partition < $1.partition })
      where !origin.contains(where: { $0.partition == entry.partition }) {
        let next = entry.nextOffset
        entry = PartitionProgress(partition: entry.partition, startOffset: entry.startOffset, stream: stream)
        leaveOut(&entry, upTo: next)
        progress.append(entry)
      }
    }
    for place in progress.indices {
      var entry = progress[place]
      for skip in skips where skip.partition == entry.partition && skip.contains(entry.nextOffset) {
        leaveOut(&entry, upTo: skip.next)
      }
      progress[place] = entry
    }
    let next = Dictionary(progress.map { ($0.partition, $0.nextOffset) }) { first, _ in first }
    // Whoever makes steps of a lineage that was to forget records once more has to know which, and whoever goes back further
    // than to where a rewind left something out.
    let keepsAll = want.kind == .forget || want.kind == .rewind
    self.skips = keepsAll ? skips : skips.filter { $0.from >= next[$0.partition] ?? 0 }
    passed = OffsetStretch.united(passed)
  }

  private mutating func leaveOut(_ entry: inout PartitionProgress, upTo next: Int64) {
    guard next > entry.nextOffset else { return }
    passed.append(OffsetStretch(partition: entry.partition, from: entry.nextOffset, next: next))
    entry.skipped += next - entry.nextOffset
    entry.nextOffset = next
  }

  /// In words, of few partitions each of them.
  var summary: String {
    func list(_ parts: [String]) -> String {
      parts.count <= 8
        ? parts.joined(separator: ", ") : parts.prefix(8).joined(separator: ", ") + " and \(parts.count - 8) more"
    }
    var parts = [
      progress.isEmpty
        ? "every partition from where it begins"
        : "it goes on at offset " + list(progress.map { "\($0.nextOffset) of partition \($0.partition)" })
    ]
    if !moved.isEmpty { parts.append("records that were learned are learned again: " + list(moved.map(\.description))) }
    let left = OffsetStretch.united(passed + skips)
    if !left.isEmpty {
      parts.append("left out are \(left.reduce(0) { $0 + $1.count }) offsets: " + list(left.map(\.description)))
    }
    return parts.joined(separator: "; ")
  }
}
