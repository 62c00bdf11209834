import Learning
import Tensors

// What comparisons with a plain reference look at.
extension Learner {
  /// The dense gradient in the order of `parametersDigestInput`: tables are not in it.
  var canonicalGradient: [Float] {
    var values: [Float] = []
    network.layout.forEachParameter { _, index in values.append(denseGradient[index]) }
    return values
  }

  /// This rank's touched embedding rows: row number over all tables, and gradient (embedding, then wide weights).
  var touchedRows: [(row: Int, gradient: [Float])] {
    let local = share.rows
    var place = 0
    var next = 0
    var found: [(row: Int, gradient: [Float])] = []
    for table in network.tables.tables {
      let width = network.tables.gradientWidth(table)
      while place < local.count, Int(local.rows[place]) < table.firstRow + table.buckets {
        found.append((Int(local.rows[place]), (0..<width).map { local.values[next + $0] }))
        place += 1
        next += width
      }
    }
    return found
  }

  /// Elements of the dense gradient that are no parameter: always zero.
  var paddingIsZero: Bool {
    var isParameter = [Bool](repeating: false, count: network.layout.count)
    network.layout.forEachParameter { _, index in isParameter[index] = true }
    return isParameter.indices.allSatisfy {
      isParameter[$0] || (denseGradient[$0] == 0 && network.parameters[$0] == 0)
    }
  }
}

extension Learner {
  /// Running mean and deviation of a number, and the centre and scale of its usual range.
  func statistics(ofNumber number: Int) -> (mean: Double, deviation: Double, center: Double, scale: Double) {
    let normalizer = network.normalizer
    return (
      normalizer.running.mean[number], normalizer.running.deviation(number), normalizer.ranges.center[number],
      normalizer.ranges.scale[number]
    )
  }
}

extension Learner {
  /// Sets all parameters, in the order of `parametersDigestInput`, to begin where another program began.
  func setCanonicalParameters(_ values: [Float]) {
    var next = 0
    network.layout.forEachParameter { _, index in
      network.parameters[index] = values[next]
      next += 1
    }
    for buffer in [network.tables.weights, network.tables.wideWeights] {
      for index in 0..<buffer.count {
        buffer[index] = values[next]
        next += 1
      }
    }
    precondition(next == values.count, "\(values.count) values for \(next) parameters")
    optimizers.align(network)
  }
}

extension Learner {
  /// By category that has them: the hashes of the values that have rows of their own, in the order of the rows; 0: free.
  var ownValues: [[UInt64]] { network.tables.dictionaries.map { Array($0.keys.buffer) } }
}

extension Learner {
  /// The learning rates that the next step will use: dense layers, embedding rows, wide rows.
  var learningRates: [Double] {
    [optimizers.dense, optimizers.embeddingRows, optimizers.wideRows].map { $0.rate(at: step) }
  }
}
