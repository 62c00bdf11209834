import Tensors

/// Sums the ranks' attachments in rank order, row by row.
final class AttachmentMerge {
  private let tables: EmbeddingTables
  private var views: [Attachment.View] = []
  private var heads: [(row: Int, value: Int)] = []

  init(_ tables: EmbeddingTables) { self.tables = tables }

  /// - Throws: `LearningError.damaged`; then nothing is held.
  func run(_ attachments: [UnsafeRawBufferPointer], into share: StepShare) throws {
    let (rows, moments) = (share.rows, share.moments)
    share.clear()
    views.removeAll(keepingCapacity: true)
    heads.removeAll(keepingCapacity: true)
    var rowCount = 0
    var valueCount = 0
    for attachment in attachments {
      let view = try Attachment.View(attachment, tables: tables, columns: moments.columns)
      views.append(view)
      heads.append((0, 0))
      rowCount += view.rowCount
      valueCount += view.valueCount
    }
    for view in views {
      for column in 0..<moments.columns {
        let moment = view.moment(column)
        moments.merge(column, count: moment.count, mean: moment.mean, squares: moment.squares)
      }
    }
    for view in views { view.forEachSighting { share.sightings.offer($0, of: $1) } }
    pickSample(share.sample)
    rows.reserve(rows: min(rowCount, tables.rowCount), values: valueCount)
    mergeRows(into: rows)
    rows.seal()
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
