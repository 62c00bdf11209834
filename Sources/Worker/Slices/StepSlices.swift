import Evaluation
import Tensors

/// Of which slices the rows of a step are, as their rank tells it: a byte a row and field, and the values that the table does not know
/// yet with their names.
///
/// Step thread only; it keeps its memory.
package final class StepSlices {
  /// A row whose value the table does not know.
  package struct Stranger: Sendable, Hashable {
    package var row: Int
    package var field: Int
    package var key: UInt64
    package var name: String

    package init(row: Int, field: Int, key: UInt64, name: String) {
      (self.row, self.field, self.key, self.name) = (row, field, key, name)
    }
  }

  private let book: SliceBook
  private let storage: AlignedBuffer<UInt8>
  private(set) var strangers: [Stranger] = []
  /// Rows that were looked at.
  private(set) var count = 0

  init(_ book: SliceBook, batchCapacity: Int) {
    self.book = book
    storage = AlignedBuffer(count: batchCapacity * book.columns.fields.count)
  }

  var fields: [SliceTable.Field] { book.columns.fields }

  /// [fields × rows]; `SliceTable.unmet` of rows without a label too.
  var places: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: storage.pointer, count: fields.count * count)
  }

  func look(_ batch: FeatureBatch, _ table: SliceTable) {
    strangers.removeAll(keepingCapacity: true)
    count = batch.count
    for field in fields.indices {
      let places = storage.pointer + field * count
      for row in 0..<count {
        guard !batch.labels[row * batch.labelCount].isNaN else {
          places[row] = SliceTable.unmet
          continue
        }
        let key = book.columns.key(
          of: field, batch.numbers + row * batch.numberCount, batch.categories + row * batch.categoryCount)
        places[row] = table.fields[field].place(of: key)
        guard places[row] == SliceTable.unmet else { continue }
        strangers.append(Stranger(row: row, field: field, key: key, name: book.name(of: key, field: field)))
      }
    }
  }
}
