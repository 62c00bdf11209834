import Tensors
import Vocabulary

/// The table rows that a partition touched, and their values one after the other, wherever they lie: neither is necessarily
/// aligned. Valid as long as that.
struct TouchedRows {
  let partition, count: Int
  private let rows, values: UnsafeRawPointer

  init(_ view: Attachment.View, of partition: Int) {
    (self.partition, count) = (partition, view.rowCount)
    guard let rows = view.rowNumbers, let values = view.values else {
      preconditionFailure("an attachment with a header has an address")
    }
    (self.rows, self.values) = (rows, values)
  }

  init(_ sparse: SparseRows, rows: Range<Int>, values: Range<Int>, of partition: Int) {
    (self.partition, count) = (partition, rows.count)
    self.rows = UnsafeRawPointer(sparse.rows.pointer + rows.lowerBound)
    self.values = UnsafeRawPointer(sparse.values.pointer + values.lowerBound)
  }

  @inline(__always)
  func row(_ index: Int) -> UInt32 { rows.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self) }
  @inline(__always)
  func value(_ index: Int) -> UnsafeRawPointer { values + index * 4 }
}

/// Sums what partitions say of touched rows: each row over the partitions that touched it, in the order of their tree. What
/// others did not touch is left out, whoever held them, so no zero needs a sign. Grows to the largest step and stays there.
final class TreeRows {
  private let tables: EmbeddingTables
  private let list = PairList(capacity: 0)
  /// By part: its next row and value, and where its rows of a table begin in the list.
  private var heads: [(row: Int, value: Int, firstEntry: Int)] = []
  /// Sums that wait, a row of the widest table each.
  private let room: AlignedBuffer<Float>
  private let widest: Int

  init(_ tables: EmbeddingTables) {
    self.tables = tables
    widest = tables.tables.map { tables.gradientWidth($0) }.max() ?? 0
    room = AlignedBuffer(count: widest * PartitionTree.places(of: .max))
  }

  /// - Parameters:
  ///   - parts: Partitions ascend.
  ///   - rows: Empty, with room for all.
  func merge(_ parts: [TouchedRows], into rows: SparseRows) {
    heads.removeAll(keepingCapacity: true)
    for _ in parts { heads.append((0, 0, 0)) }
    let most = parts.reduce(0) { $0 + $1.count }
    guard most > 0 else { return }
    for table in tables.tables {
      list.begin(weighted: most)
      let (first, end) = (UInt32(table.firstRow), UInt32(table.firstRow + table.buckets))
      for (index, part) in parts.enumerated() {
        var row = heads[index].row
        heads[index].firstEntry = list.count
        while row < part.count, part.row(row) < end {
          list.records[list.count] = UInt32(index)
          list.append(key: part.row(row) - first, pair: UInt32(list.count))
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
        sum(place..<next, parts, width: width, to: rows.append(row: first + list.keys[place], width: width))
        place = next
      }
      for index in parts.indices {
        let rows = (index + 1 < parts.count ? heads[index + 1].firstEntry : list.count) - heads[index].firstEntry
        heads[index].row += rows
        heads[index].value += rows * width
      }
    }
  }

  /// One row: what the parts at these places of the list say of it.
  @inline(__always)
  private func sum(
    _ places: Range<Int>, _ parts: [TouchedRows], width: Int, to target: UnsafeMutablePointer<Float>
  ) {
    var running = PartitionTree.Running()
    for place in places {
      let pair = Int(list.pairs[place])
      let index = Int(list.records[pair])
      let head = heads[index]
      let from = parts[index].value(head.value + (pair - head.firstEntry) * width)
      if places.count == 1 {
        UnsafeMutableRawPointer(target).copyMemory(from: from, byteCount: width * 4)
        return
      }
      let next = place + 1 < places.upperBound ? parts[Int(list.records[Int(list.pairs[place + 1])])].partition : nil
      var top = running.place()
      var additions = running.additions(of: parts[index].partition, before: next)
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
