import Tensors

/// The optimisers of a learner, one a parameter group: dense layers, embedding rows, and the wide part's rows and numeric
/// weights.
package final class OptimizerGroups {
  package let dense: OptimizerState
  package let embeddingRows: OptimizerState
  package let wideRows: OptimizerState
  /// The wide part's numeric weights; nil: `dense` has them.
  let wideNumbers: OptimizerState?
  /// What is updated in one go, in order.
  let pieces: [DensePiece]
  /// All of them, in the order of the saved state.
  package let all: [OptimizerState]

  init(_ spec: LearnerSpec, layout: ParameterLayout, tables: EmbeddingTables) {
    let wideSpec = spec.wideOptimizer
    pieces = DensePiece.all(spec, layout: layout)
    dense = OptimizerState(spec.optimizer, count: layout.count)
    embeddingRows = OptimizerState(spec.embeddingOptimizer, count: tables.weights.count, rowCount: tables.rowCount)
    wideRows = OptimizerState(
      wideSpec ?? spec.embeddingOptimizer, count: tables.wideWeights.count,
      rowCount: spec.hasWidePart ? tables.wideRowCount : 0)
    let wideCount = pieces.reduce(0) { $0 + ($1.isWide ? $1.range.count : 0) }
    wideNumbers = wideSpec.map { OptimizerState($0, count: wideCount) }
    all = [dense, embeddingRows, wideRows] + (wideNumbers.map { [$0] } ?? [])
  }

  func optimizer(of piece: DensePiece) -> OptimizerState { piece.isWide ? wideNumbers ?? dense : dense }

  /// Brings what depends on the parameters in line with them: at the beginning, and after they were set from outside.
  package func align(_ network: Network) {
    for piece in pieces {
      optimizer(of: piece).align(
        network.parameters.pointer + piece.range.lowerBound, start: piece.stateStart, count: piece.range.count,
        isPenalized: piece.isPenalized)
    }
    let tables = network.tables
    embeddingRows.align(tables.weights.pointer, start: 0, count: tables.weights.count, isPenalized: true)
    wideRows.align(tables.wideWeights.pointer, start: 0, count: tables.wideWeights.count, isPenalized: true)
  }

  /// What is remembered of one row of a table is remembered of another too.
  func copyRow(_ table: EmbeddingTables.Table, of tables: EmbeddingTables, from: Int, to: Int) {
    let wideWidth = tables.wideWidth
    for (optimizer, start, width) in [
      (embeddingRows, table.offset, table.dimension), (wideRows, table.firstRow * wideWidth, wideWidth),
    ] {
      for buffer in optimizer.buffers where buffer.count > 0 {
        // Adagrad remembers one number a row.
        let isOne = optimizer.formula == .adagrad
        let values = buffer.pointer + (isOne ? table.firstRow : start)
        let count = isOne ? 1 : width
        (values + to * count).update(from: values + from * count, count: count)
      }
    }
  }

  /// Shows a step's loss to the plateaus.
  func observe(lossSum: Double, weight: Double) {
    for optimizer in all {
      optimizer.plateau.observe(lossSum: lossSum, weight: weight, schedule: optimizer.spec.schedule)
    }
  }

  /// Bytes that `write` needs, about.
  var byteCount: Int { all.reduce(0) { sum, one in sum + one.buffers.reduce(256) { $0 + $1.byteCount } } }

  func write(to writer: inout some StateSink) {
    for optimizer in all {
      writer.write(optimizer.beta1Power)
      writer.write(optimizer.beta2Power)
      for number in optimizer.plateau.numbers + optimizer.centre.numbers { writer.write(number) }
      for buffer in optimizer.buffers { writer.write(buffer) }
    }
  }

  /// Reads and checks; the closure puts the few numbers in place once everything else has been checked too.
  func read(_ reader: inout StateReader, into copies: inout PendingCopies) throws -> () -> Void {
    var found: [(OptimizerState, [Double])] = []
    for optimizer in all {
      found.append((optimizer, try (0..<12).map { _ in try reader.read(Double.self) }))
      for buffer in optimizer.buffers { try copies.add(&reader, buffer) }
    }
    return {
      for (optimizer, numbers) in found {
        (optimizer.beta1Power, optimizer.beta2Power) = (numbers[0], numbers[1])
        optimizer.plateau.numbers = Array(numbers[2..<8])
        optimizer.centre.numbers = Array(numbers[8..<12])
      }
    }
  }

  /// After a state was restored: sums that were kept under other constants are brought in line with today's.
  func adoptConstants(_ network: Network) {
    var changed = false
    for optimizer in all where optimizer.formula == .ftrl {
      let today = ProximalConstants(optimizer.spec)
      if optimizer.centre != today {
        optimizer.centre = today
        changed = true
      }
    }
    if changed { align(network) }
  }
}
