package import Ingest
package import Pipelines
package import Registry
package import Tensors
package import Vocabulary

/// What one rank takes from its partitions for a step, and what becomes of it.
///
/// Step thread only.
package final class StepShares {
  package let buffers: [PartitionBuffer]
  package let batch: FeatureBatch
  /// Of the partitions that move on, or have rows.
  package private(set) var shares: [PartitionShare] = []
  /// By share: the place of its buffer.
  private var places: [Int] = []
  /// [shares × reasons], cumulative over nothing but this step.
  package private(set) var rejected: [Int64]
  /// What happened to which field of this step's records.
  package let tally: FieldTally
  /// nil: the classes are listed, or there are none.
  package let classes: FoundClasses?
  /// Rows with a class that is not known, and its number.
  var strangers: [(row: Int, number: Int)] = []
  var refused: [RefusedClass] = []
  /// Rows that `quarantine` has taken out of the step.
  package private(set) var takenOut: Set<Int> = []
  /// The same, as all ranks hear of it.
  package private(set) var skips: [StepSkip] = []
  private let rule: StepDeal
  /// What a replay takes instead of what the rule deals; nil: no replay, or one that deals anew.
  private let script: StepScript?
  /// Of the script, what the next take takes; nil: nobody knows yet, or it is over.
  private var scripted: ScriptedStep?
  /// Less than a full share of each partition is left where it lies: a replay deals what the stream had, and the stream goes on.
  private let leavesRest: Bool
  /// By buffer: what the step in hand takes at most, where all have records.
  private var limits: [Int]
  /// By buffer: the same with what others do not have.
  private var takes: [Int]
  private var turn: Int64 = 0
  private let reasonCount = RejectReason.allCases.count

  package init(
    buffers: [PartitionBuffer], batch: FeatureBatch, deal: StepDeal, classes: FoundClasses? = nil,
    script: StepScript? = nil, leavesRest: Bool = false
  ) {
    self.classes = classes
    (self.script, self.leavesRest) = (script, leavesRest)
    precondition(batch.capacity >= deal.rowsMax(ofPartitions: buffers.count), "the batch is smaller than a full step")
    self.buffers = buffers
    self.batch = batch
    rule = deal
    limits = Array(repeating: 0, count: buffers.count)
    takes = limits
    tally = FieldTally(fieldCount: buffers.first?.fieldCount ?? 0)
    rejected = Array(repeating: 0, count: buffers.count * reasonCount)
    shares.reserveCapacity(buffers.count)
    places.reserveCapacity(buffers.count)
    self.deal(turn: 0)
  }

  /// Says what the next take takes from where.
  package func deal(turn: Int64) {
    self.turn = turn
    if let script { return scripted = script.next }
    for (place, buffer) in buffers.enumerated() { limits[place] = rule.share(of: buffer.partition, turn: turn) }
  }

  /// Whether every partition can give a full share, or as much as its buffer can ever hold; or all together, where that is
  /// enough.
  package var canFill: Bool {
    if script != nil { return scripted.map { $0.isReady(in: buffers) } ?? false }
    if rule.spreads { return missing <= 0 || buffers.contains { $0.freeSlots == 0 } }
    return buffers.indices.allSatisfy { buffers[$0].validAvailable >= limits[$0] || buffers[$0].freeSlots == 0 }
  }

  /// How many records all partitions together lack for a full step.
  private var missing: Int { limits.reduce(0, +) - buffers.reduce(0) { $0 + $1.validAvailable } }

  /// Has whoever brings records wake the step thread once there may be enough of them: where a partition has its share, or,
  /// where any may have them, its part of what is missing, which one of them has before all together have all of it. Look
  /// again before waiting.
  package func expectRecords() {
    if script != nil { return deal(turn: turn) }
    let part = rule.spreads ? (max(0, missing) + buffers.count - 1) / max(1, buffers.count) : 0
    for (place, buffer) in buffers.enumerated() {
      buffer.setWakeAt(rule.spreads ? buffer.validAvailable + part : limits[place])
    }
  }

  /// Whether every partition that cannot give a full share is at its end for now.
  package var restIsAtEnd: Bool {
    if let script { return scripted == nil && script.isOver }
    return buffers.indices.allSatisfy { buffers[$0].isReady(for: limits[$0]) }
  }

  /// The first partition that cannot give its share yet, in words; nil: all can.
  package var shortage: String? {
    if script != nil { return nil }
    guard let place = buffers.indices.first(where: { buffers[$0].validAvailable < limits[$0] }) else { return nil }
    return "partition \(buffers[place].partition) has \(buffers[place].validAvailable) of \(limits[place]) records"
  }

  /// Whether a partition has anything to give.
  package var hasAnything: Bool { script == nil ? buffers.contains(where: \.hasRecords) : scripted != nil }
  /// Whether a partition could give as much as it ever has to.
  package var hasFullShare: Bool {
    script == nil ? buffers.contains { $0.validAvailable >= rule.shareMax } : scripted != nil
  }
  package var isAtEnd: Bool {
    script == nil ? buffers.allSatisfy(\.isAtEnd) || isRestLeft : restIsAtEnd
  }
  private var isRestLeft: Bool { leavesRest && !canFill && restIsAtEnd }
  /// Whether a step has to wait for what it takes, whatever the pipeline says.
  package var isReplay: Bool { script != nil || leavesRest }
  /// Whether a step of so many rows, of all ranks, had less than a full share of each partition.
  package func isShort(rows: Int) -> Bool { rows < rule.stepMax }
  package var hasRecords: Bool { batch.count > 0 }
  /// Whether a record has a class that nobody has heard of: the step cannot be learned yet.
  package var hasStrangers: Bool { !strangers.isEmpty }
  /// Whether a partition moves on in this step.
  package var hasProgress: Bool { shares.contains { $0.next != $0.from } }

  /// What some partitions do not have is taken from others that have more, from other ones first in each turn.
  private func spread() {
    for place in limits.indices { takes[place] = limits[place] }
    guard rule.spreads, !buffers.isEmpty else { return }
    // What comes in meanwhile is for the next step: the batch has room for so many in all.
    for place in takes.indices { takes[place] = min(limits[place], buffers[place].validAvailable) }
    var spare = limits.reduce(0, +) - takes.reduce(0, +)
    let first = Int(turn % Int64(buffers.count))
    for step in buffers.indices where spare > 0 {
      let place = (first + step) % buffers.count
      let more = min(spare, buffers[place].validAvailable - takes[place])
      takes[place] += more
      spare -= more
    }
  }

  /// Takes up to a share from each partition, in offset order, into the batch.
  package func take() {
    clear()
    if script != nil { return takeScripted() }
    if isRestLeft { return }
    spread()
    for (place, buffer) in buffers.enumerated() where limits[place] > 0 || takes[place] > 0 {
      add(buffer.take(upTo: takes[place], endsWithRow: rule.isExact, into: batch, tally: tally), of: place)
    }
    if classes != nil { resolveClasses() }
  }

  /// What the step took when it was made first, as far as it is there.
  private func takeScripted() {
    guard let step = scripted else { return }
    for (place, buffer) in buffers.enumerated() {
      guard let bound = step.next[buffer.partition] else { continue }
      add(
        buffer.take(upTo: batch.capacity - batch.count, through: bound, into: batch, tally: tally), of: place)
    }
    script?.drop()
    scripted = nil
    if classes != nil { resolveClasses() }
  }

  private func add(_ take: PartitionTake, of place: Int) {
    guard take.nextOffset != take.firstOffset else { return }
    let first = shares.count * reasonCount
    for reason in 0..<reasonCount { rejected[first + reason] = take.rejected[reason] }
    rejected[first + RejectReason.labelAbsent.index] += Int64(take.valid - take.labelled)
    shares.append(PartitionShare(of: buffers[place].partition, take))
    places.append(place)
  }

  /// Nothing is taken in this step.
  package func clear() {
    batch.count = 0
    strangers.removeAll(keepingCapacity: true)
    refused.removeAll(keepingCapacity: true)
    takenOut.removeAll(keepingCapacity: true)
    skips.removeAll(keepingCapacity: true)
    shares.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
    for place in rejected.indices { rejected[place] = 0 }
    tally.clear()
  }

  /// Where the record of a row lies.
  package func position(ofRow row: Int) -> (partition: Int32, offset: Int64) { position(share(ofRow: row)) }

  private func position(_ found: (place: Int, row: Int)) -> (partition: Int32, offset: Int64) {
    (shares[found.place].partition, buffers[places[found.place]].offset(ofRow: found.row))
  }

  /// The share of a row, and the row's place in it.
  private func share(ofRow row: Int) -> (place: Int, row: Int) {
    var first = 0
    for (place, share) in shares.enumerated() {
      let rows = Int(share.rows)
      if row < first + rows { return (place, row - first) }
      first += rows
    }
    preconditionFailure("row \(row) is not in a batch of \(batch.count)")
  }

  /// Takes a row out of the step, once: it stays in place as a record without label or values, counted as rejected.
  ///
  /// - Returns: Where the record lies.
  package func quarantine(row: Int, as reason: RejectReason = .nonFinite) -> (partition: Int32, offset: Int64) {
    let found = share(ofRow: row)
    precondition(takenOut.insert(row).inserted, "row \(row) is taken out of its step twice")
    let labels = batch.labels + row * batch.labelCount
    if !labels[0].isNaN {
      shares[found.place].trained -= 1
    } else {
      rejected[found.place * reasonCount + RejectReason.labelAbsent.index] -= 1
    }
    rejected[found.place * reasonCount + reason.index] += 1
    batch.empty(row)
    let place = position(found)
    skips.append(StepSkip(partition: place.partition, offset: place.offset, reason: reason))
    return place
  }
}

extension PartitionShare {
  fileprivate init(of partition: Int32, _ take: PartitionTake) {
    self.init()
    self.partition = partition
    rows = UInt32(take.valid)
    trained = UInt32(take.labelled)
    skipped = take.skipped
    lost = take.lost
    from = take.firstOffset
    next = take.nextOffset
  }
}
