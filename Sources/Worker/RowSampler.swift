import Health
package import Pipelines
package import Tensors
import Vocabulary

/// Draws this rank's part of a window's sample from the batches that are learned.
///
/// Left out are times, which move on by themselves, crosses, which say nothing that their members do not, and maps and texts.
/// Step thread only; it keeps its memory.
package final class RowSampler {
  private enum Answer {
    case value
    case classes(Int)
  }

  private var sample: RowSample
  /// By sampled number: its column in a batch.
  private let numbers: [Int]
  /// They are the first columns of a batch, one after the other.
  private let areInOrder: Bool
  /// By sampled category: its column in a batch, and that of the high half of its hash.
  private let categories: [(row: Int, high: Int?)]
  private let answer: Answer

  /// - Parameter outputCount: Of the primary head.
  package convenience init(_ pipeline: Pipeline, outputCount: Int) {
    var numbers: [(name: String, column: Int)] = []
    for (column, feature) in pipeline.schema.numericFeatures.enumerated() where feature.type != .timestamp {
      numbers.append((feature.name, column))
    }
    var categories: [SampledCategory] = []
    let declared = Set(pipeline.schema.features.filter { $0.type == .category }.map(\.name))
    var column = 0
    for feature in pipeline.schema.categoryInputs {
      if declared.contains(feature.name) {
        categories.append(
          SampledCategory(
            name: feature.name, row: column,
            high: feature.categoryColumns > feature.valuesMax ? column + feature.valuesMax : nil,
            reading: Self.reading(feature.values + [String(feature.buckets)])))
      }
      column += feature.categoryColumns
    }
    let head = pipeline.heads[0]
    self.init(
      numbers: numbers, categories: categories, label: head.label.path,
      classes: head.task == .multiclass ? outputCount : nil, classesReading: Self.reading(head.label.classes))
  }

  /// How a list numbers its values.
  private static func reading(_ values: [String]) -> UInt64 {
    values.reduce(into: 0) { digest, value in
      for byte in Array(value.utf8) + [0] {
        var generator = SplitMix64(seed: digest ^ UInt64(byte))
        digest = generator.next()
      }
    }
  }

  /// - Parameters:
  ///   - numbers: Names and columns in a batch.
  ///   - classes: Outputs of the primary head, where they are classes; nil: it has one output.
  package init(
    numbers: [(name: String, column: Int)], categories: [SampledCategory], label: String, classes: Int?,
    classesReading: UInt64 = 0
  ) {
    // Wide records: the first columns stand for all.
    let numbers = numbers.prefix(RowSample.columnsMax - 2)
    let categories = categories.prefix(RowSample.columnsMax - 2 - numbers.count)
    self.numbers = numbers.map(\.column)
    areInOrder = self.numbers == Array(self.numbers.indices)
    self.categories = categories.map { ($0.row, $0.high) }
    let kind: RowColumn.Kind = classes == nil ? .number : .category
    answer = classes.map(Answer.classes) ?? .value
    sample = RowSample(
      [
        RowColumn(label, .label, kind, reading: classesReading),
        RowColumn("prediction", .prediction, kind, reading: classesReading),
      ]
        + numbers.map { RowColumn($0.name, .feature, .number) }
        + categories.map { RowColumn($0.name, .feature, .category, reading: $0.reading) })
    sample.reserve()
  }

  /// Looks at a batch that was learned.
  ///
  /// - Parameters:
  ///   - outputs: Shape [rows × outputs]: what the model answered before.
  ///   - takenOut: Rows that were not learned.
  package func add(_ batch: FeatureBatch, outputs: UnsafeBufferPointer<Float>, without takenOut: Set<Int>) {
    sample.count(batch.count - takenOut.count)
    // Read once: what is a little too much is left out by the sample itself.
    let (bound, keys) = (sample.bound, batch.keys)
    var row = 0
    // Nearly always none of a few is wanted.
    while row + 4 <= batch.count {
      let first = min(RowSample.order(of: keys[row]), RowSample.order(of: keys[row + 1]))
      let second = min(RowSample.order(of: keys[row + 2]), RowSample.order(of: keys[row + 3]))
      if min(first, second) < bound {
        for row in row..<(row + 4) where RowSample.order(of: keys[row]) < bound && !takenOut.contains(row) {
          append(row, of: batch, outputs)
        }
      }
      row += 4
    }
    for row in row..<batch.count where RowSample.order(of: keys[row]) < bound && !takenOut.contains(row) {
      append(row, of: batch, outputs)
    }
  }

  private func append(_ row: Int, of batch: FeatureBatch, _ outputs: UnsafeBufferPointer<Float>) {
    sample.append(batch.keys[row]) { cells in
      appendAnswer(batch.labels[row * batch.labelCount], outputs, row, to: &cells)
      let values = batch.numbers + row * batch.numberCount
      if areInOrder {
        // A cell is the bits of its number.
        values.withMemoryRebound(to: RowCell.self, capacity: numbers.count) {
          cells.append(contentsOf: UnsafeBufferPointer(start: $0, count: numbers.count))
        }
      } else {
        for column in numbers { cells.append(RowCell(values[column])) }
      }
      for (column, high) in categories {
        let first = row * batch.categoryCount
        let value = batch.categories[first + column]
        // Half a hash names a value as well as its row does; 0 stands for none.
        let isHash = high.map { batch.categories[first + $0] != 0 } ?? false
        let isNone = value == FeatureBatch.noCategory
        cells.append(RowCell(category: isNone ? 0 : isHash ? max(1, value) : value))
      }
    }
  }

  private func appendAnswer(
    _ label: Float, _ outputs: UnsafeBufferPointer<Float>, _ row: Int, to cells: inout [RowCell]
  ) {
    switch answer {
    case .value:
      cells.append(RowCell(label))
      cells.append(RowCell(outputs[row]))
    case .classes(let count):
      cells.append(RowCell(category: label.isNaN ? 0 : UInt32(label) + 1))
      var best = 0
      for place in 1..<count where outputs[row * count + place] > outputs[row * count + best] { best = place }
      cells.append(RowCell(category: UInt32(best) + 1))
    }
  }

  /// Ends the window; the next begins.
  package func take() -> [UInt8] {
    defer { sample.removeAll() }
    return sample.encoded()
  }
}

/// A category of a sample.
package struct SampledCategory {
  let name: String
  /// Its column in a batch, and that of the high half of its hash.
  let row: Int
  let high: Int?
  /// How its values are numbered.
  let reading: UInt64

  package init(name: String, row: Int, high: Int?, reading: UInt64 = 0) {
    (self.name, self.row, self.high, self.reading) = (name, row, high, reading)
  }
}
