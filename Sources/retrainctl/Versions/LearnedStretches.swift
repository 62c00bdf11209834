import Registry
import Vocabulary

/// Which offsets of a topic led to a checkpoint, and which its lineages left out.
struct LearnedStretches {
  private(set) var learned: [OffsetStretch] = []
  private(set) var leftOut: [OffsetStretch] = []

  /// - Parameters:
  ///   - windows: From the first checkpoint of all to the one in question.
  ///   - skips: By lineage, what it leaves out.
  ///   - streams: Of the topic.
  init(_ windows: [LineageWindow], skips: [Int: [OffsetStretch]], streams: Set<Int>) {
    var places: [Int32: Int64] = [:]
    for window in windows {
      for entry in window.progress {
        guard streams.contains(entry.stream) else {
          places[entry.partition] = nil
          continue
        }
        let from = places[entry.partition] ?? entry.startOffset
        places[entry.partition] = entry.nextOffset
        // The first of a lineage only says where that goes on.
        guard !window.isCopy, entry.nextOffset > from else { continue }
        let all = [OffsetStretch(partition: entry.partition, from: from, next: entry.nextOffset)]
        learned += OffsetStretch.difference(all, skips[window.lineage] ?? [])
      }
    }
    learned = OffsetStretch.united(learned)
    let own = Set(windows.map(\.lineage)).flatMap { skips[$0] ?? [] }
    leftOut = OffsetStretch.united(own)
  }

  /// - Throws: `RegistryError`.
  static func of(
    _ checkpoint: CheckpointRecord, windows: [LineageWindow], streams: Set<Int>, _ registry: Registry
  ) async throws -> LearnedStretches {
    var skips: [Int: [OffsetStretch]] = [:]
    for lineage in Set(windows.map(\.lineage)) {
      skips[lineage] = try await registry.lineage(lineage, pipeline: checkpoint.pipeline)?.skips
    }
    return LearnedStretches(windows, skips: skips, streams: streams)
  }
}
