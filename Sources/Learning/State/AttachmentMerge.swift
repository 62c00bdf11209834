import Tensors
import Vocabulary

/// Sums the ranks' attachments in rank order, row by row; or those of partitions, rows in the order of the partitions' tree.
final class AttachmentMerge {
  private let tables: EmbeddingTables
  private var views: [Attachment.View] = []
  /// By view, where attachments are of partitions.
  private var partitions: [Int] = []
  private var heads: [(row: Int, value: Int)] = []
  private let treeRows: TreeRows
  private var touched: [TouchedRows] = []

  init(_ tables: EmbeddingTables) {
    self.tables = tables
    treeRows = TreeRows(tables)
  }

  /// - Throws: `LearningError.damaged`; then nothing is held.
  func run(_ attachments: [UnsafeRawBufferPointer], into share: StepShare) throws {
    begin(share)
    for attachment in attachments { try take(attachment, share) }
    gather(into: share)
    heads.removeAll(keepingCapacity: true)
    for _ in views { heads.append((0, 0)) }
    mergeRows(into: share.rows)
    share.rows.seal()
  }

  /// Those of partitions, which ascend from rank to rank.
  ///
  /// - Throws: `LearningError.damaged`; then nothing is held.
  func run(_ attachments: [UnsafeRawBufferPointer], by tree: PartitionTree, into share: StepShare) throws {
    begin(share)
    partitions.removeAll(keepingCapacity: true)
    for attachment in attachments { try takeParts(attachment, tree, share) }
    gather(into: share)
    touched.removeAll(keepingCapacity: true)
    for (view, partition) in zip(views, partitions) { touched.append(TouchedRows(view, of: partition)) }
    treeRows.merge(touched, into: share.rows)
    share.rows.seal()
  }

  /// This rank's alone, without bytes.
  func run(_ own: PartShares, into share: StepShare) {
    begin(share)
    touched.removeAll(keepingCapacity: true)
    own.gather(into: share, rows: &touched)
    treeRows.merge(touched, into: share.rows)
    share.rows.seal()
  }

  private func begin(_ share: StepShare) {
    share.clear()
    views.removeAll(keepingCapacity: true)
  }

  private func take(_ attachment: UnsafeRawBufferPointer, _ share: StepShare) throws {
    views.append(try Attachment.View(attachment, tables: tables, columns: share.moments.columns))
  }

  private func takeParts(_ attachment: UnsafeRawBufferPointer, _ tree: PartitionTree, _ share: StepShare) throws {
    try PartAttachment.forEach(attachment) { partition, bytes in
      guard partition < UInt64(tree.count), partitions.last.map({ $0 < Int(partition) }) ?? true else {
        throw LearningError(code: .damaged, reason: "attachments whose partitions do not ascend within the topic")
      }
      partitions.append(Int(partition))
      try take(bytes, share)
    }
  }

  /// All but the rows, in the order of the views; and room for these.
  private func gather(into share: StepShare) {
    let moments = share.moments
    for view in views {
      for column in 0..<moments.columns {
        let moment = view.moment(column)
        moments.merge(column, count: moment.count, mean: moment.mean, squares: moment.squares)
      }
    }
    for view in views { view.forEachSighting { share.sightings.offer($0, of: $1) } }
    pickSample(share.sample)
    let (rows, values) = views.reduce((0, 0)) { ($0.0 + $1.rowCount, $0.1 + $1.valueCount) }
    share.rows.reserve(rows: min(rows, tables.rowCount), values: values)
  }

  /// The rows with the least keys of all ranks'.
  private func pickSample(_ sample: RowSample) {
    sample.clear()
    for (rank, view) in views.enumerated() {
      sample.open(rows: view.sampledFrom, weight: view.sampledWeight)
      for row in 0..<view.sampled {
        sample.offer(key: view.sampleKey(row), place: rank * RowSample.rowsMax + row)
      }
    }
    for place in 0..<sample.count {
      let (rank, row) = sample.place(place).quotientAndRemainder(dividingBy: RowSample.rowsMax)
      views[rank].copySample(row, to: sample.row(place))
    }
  }

  private func mergeRows(into rows: SparseRows) {
    for table in tables.tables {
      let width = tables.gradientWidth(table)
      let end = UInt32(table.firstRow + table.buckets)
      while true {
        var next = end
        for rank in views.indices where heads[rank].row < views[rank].rowCount {
          next = min(next, views[rank].row(heads[rank].row))
        }
        if next == end { break }
        let target = rows.append(row: next, width: width)
        var isFirst = true
        for rank in views.indices where heads[rank].row < views[rank].rowCount {
          guard views[rank].row(heads[rank].row) == next, let values = views[rank].values else { continue }
          add(values + heads[rank].value * 4, width, to: target, isFirst: isFirst)
          isFirst = false
          heads[rank].row += 1
          heads[rank].value += width
        }
      }
    }
  }

  @inline(__always)
  private func add(_ values: UnsafeRawPointer, _ width: Int, to target: UnsafeMutablePointer<Float>, isFirst: Bool) {
    if isFirst {
      UnsafeMutableRawPointer(target).copyMemory(from: values, byteCount: width * 4)
    } else {
      for index in 0..<width { target[index] += values.loadUnaligned(fromByteOffset: index * 4, as: Float.self) }
    }
  }
}
