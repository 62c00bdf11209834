import Tensors
import Vocabulary

/// Sums what partitions say of touched rows: each row over the partitions that touched it, in the order of their tree. What
/// others did not touch is left out, whoever held them, so no zero needs a sign. Grows to the largest step and stays there.
final class TreeRows {
  private let tables: EmbeddingTables
  private let list = PairList(capacity: 0)
  /// By view: its next row and value, and the number of its first row in the list.
  private var heads: [(row: Int, value: Int, first: Int)] = []
  /// Sums that wait, a row of the widest table each.
  private let room: AlignedBuffer<Float>
  private let widest: Int

  init(_ tables: EmbeddingTables) {
    self.tables = tables
    widest = tables.tables.map { tables.gradientWidth($0) }.max() ?? 0
    room = AlignedBuffer(count: widest * PartitionTree.places(of: .max))
  }

  /// - Parameters:
  ///   - partitions: Of the views, ascending.
  ///   - rows: Empty, with room for all.
  func merge(_ views: [Attachment.View], of partitions: [Int], into rows: SparseRows) {
    heads.removeAll(keepingCapacity: true)
    for _ in views { heads.append((0, 0, 0)) }
    let most = views.reduce(0) { $0 + $1.rowCount }
    guard most > 0 else { return }
    list.begin(weighted: most)
    for table in tables.tables {
      list.begin(weighted: most)
      let (first, end) = (UInt32(table.firstRow), UInt32(table.firstRow + table.buckets))
      for (index, view) in views.enumerated() {
        var row = heads[index].row
        heads[index].first = list.count - row
        while row < view.rowCount, view.row(row) < end {
          list.records[list.count] = UInt32(index)
          list.append(key: view.row(row) - first, pair: UInt32(list.count))
          row += 1
        }
      }
      guard list.count > 0 else { continue }
      list.sort(keyBits: table.keyBits)
      let width = tables.gradientWidth(table)
      var place = 0
      while place < list.count {
        var next = place + 1
        while next < list.count, list.keys[next] == list.keys[place] { next += 1 }
        sum(place..<next, views, partitions, width: width, to: rows.append(row: first + list.keys[place], width: width))
        place = next
      }
      for (index, view) in views.enumerated() {
        let before = heads[index].row
        var row = before
        while row < view.rowCount, view.row(row) < end { row += 1 }
        heads[index].row = row
        heads[index].value += (row - before) * width
      }
    }
  }

  /// One row: what the parts at these places of the list say of it.
  @inline(__always)
  private func sum(
    _ places: Range<Int>, _ views: [Attachment.View], _ partitions: [Int], width: Int,
    to target: UnsafeMutablePointer<Float>
  ) {
    var running = PartitionTree.Running()
    for place in places {
      let pair = Int(list.pairs[place])
      let view = Int(list.records[pair])
      guard let values = views[view].values else { continue }
      let head = heads[view]
      let from = values + (head.value + (pair - head.first - head.row) * width) * 4
      if places.count == 1 {
        UnsafeMutableRawPointer(target).copyMemory(from: from, byteCount: width * 4)
        return
      }
      let next = place + 1 < places.upperBound ? partitions[Int(list.records[Int(list.pairs[place + 1])])] : nil
      var top = running.place()
      var additions = running.additions(of: partitions[view], before: next)
      if additions > 0 {
        add(from, width, to: pointer(top - 1, target))
        (top, additions) = (top - 1, additions - 1)
      } else {
        UnsafeMutableRawPointer(pointer(top, target)).copyMemory(from: from, byteCount: width * 4)
      }
      while additions > 0 {
        add(UnsafeRawPointer(pointer(top, target)), width, to: pointer(top - 1, target))
        (top, additions) = (top - 1, additions - 1)
      }
    }
  }

  private func pointer(_ place: Int, _ bottom: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
    place == 0 ? bottom : room.pointer + (place - 1) * widest
  }

  @inline(__always)
  private func add(_ values: UnsafeRawPointer, _ width: Int, to target: UnsafeMutablePointer<Float>) {
    for index in 0..<width { target[index] += values.loadUnaligned(fromByteOffset: index * 4, as: Float.self) }
  }
}
