import Tensors

/// Which rows of the tables steps have changed since all of the state was looked at: whoever is alone can find out that a row has
/// changed that none of them has. A bit a row.
final class RowNotes {
  /// As they were then.
  private(set) var blocks: StateBlocks
  private let words: AlignedBuffer<UInt64>

  init(_ blocks: StateBlocks, rowCount: Int) {
    self.blocks = blocks
    words = AlignedBuffer(count: (rowCount + 63) / 64)
  }

  @inline(__always)
  func mark(_ row: Int) { words.pointer[row >> 6] |= 1 << UInt64(row & 63) }

  func mark(_ rows: SparseRows) {
    for place in 0..<rows.count { mark(Int(rows.rows.pointer[place])) }
  }

  /// From now on since another look.
  func begin(_ blocks: StateBlocks) {
    self.blocks = blocks
    words.clear()
  }

  func forEachRow(of table: EmbeddingTables.Table, _ body: (Int) -> Void) {
    for row in 0..<table.buckets {
      let place = table.firstRow + row
      if words[place >> 6] & 1 << UInt64(place & 63) != 0 { body(row) }
    }
  }
}

extension Learner {
  /// Whether it is noted which rows steps change, for `takeSpoiled`.
  public var notesRows: Bool {
    get { network.tables.rowNotes != nil }
    set {
      guard newValue != notesRows else { return }
      network.tables.rowNotes = newValue ? RowNotes(digestState(), rowCount: network.tables.rowCount) : nil
    }
  }

  /// Of what is rows of tables, what is not as it was at the last call, or since rows are noted, though no step has changed it.
  /// By blocks: a row next to one that was changed is not told from it.
  ///
  /// - Returns: In words; empty: nothing is.
  public func takeSpoiled() -> [String] {
    guard let touched = network.tables.rowNotes else { return [] }
    let watch = watch ?? StateWatch(self)
    let (before, now) = (touched.blocks, watch.blocks(of: self))
    var spoiled: [Int] = []
    let spans = RowSpan.all(of: self)
    for (region, part) in zip(watch.regions, now.parts) {
      guard let span = spans.first(where: { $0.start == region.bytes.baseAddress }) else { continue }
      var isChanged = Array(repeating: false, count: part.blocks.count)
      for table in network.tables.tables {
        touched.forEachRow(of: table) { row in
          let bytes = span.bytes(table, row)
          guard !bytes.isEmpty else { return }
          for block in (bytes.lowerBound / watch.blockBytes)...((bytes.upperBound - 1) / watch.blockBytes)
          where block < isChanged.count { isChanged[block] = true }
        }
      }
      for (place, block) in part.blocks.enumerated() where !isChanged[place] {
        if before.digests[block] != now.digests[block] { spoiled.append(block) }
      }
    }
    touched.begin(now)
    return now.names(of: spoiled)
  }
}

/// Where a row lies in a buffer of tables' rows, or of what an optimizer keeps of them.
private struct RowSpan {
  let start: UnsafeRawPointer
  /// One number a row; otherwise as many as the row has.
  let isOne: Bool
  /// Floats of a row of the wide part; nil: of embeddings.
  let wideWidth: Int?

  static func all(of learner: Learner) -> [RowSpan] {
    let (tables, groups) = (learner.network.tables, learner.optimizers)
    var spans: [RowSpan] = []
    for (weights, optimizer, wideWidth) in [
      (tables.weights, groups.embeddingRows, nil), (tables.wideWeights, groups.wideRows, tables.wideWidth),
    ] as [(AlignedBuffer<Float>, OptimizerState, Int?)] {
      spans.append(RowSpan(start: UnsafeRawPointer(weights.pointer), isOne: false, wideWidth: wideWidth))
      for buffer in optimizer.buffers {
        spans.append(
          RowSpan(
            start: UnsafeRawPointer(buffer.pointer), isOne: optimizer.formula == .adagrad, wideWidth: wideWidth))
      }
    }
    return spans
  }

  func bytes(_ table: EmbeddingTables.Table, _ row: Int) -> Range<Int> {
    let place = table.firstRow + row
    if wideWidth != nil, !table.isWide { return 0..<0 }
    if isOne { return (place * 4)..<(place * 4 + 4) }
    let width = wideWidth ?? table.dimension
    let first = wideWidth.map { place * $0 } ?? table.offset + row * table.dimension
    return (first * 4)..<((first + width) * 4)
  }
}
