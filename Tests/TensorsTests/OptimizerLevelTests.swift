import Tensors
import Testing
import Vocabulary

/// Optimisers and clipping on every level this CPU has, held against the scalar level bit by bit.
@Suite struct `CPU levels of optimisers` {
  private static func constants(_ formula: UpdateFormula, hasPenalties: Bool) -> UpdateConstants {
    var constants = UpdateConstants()
    constants.inverseCount = 0.125
    constants.valueLimit = 0.1
    constants.scale = 0.7
    constants.rate = 0.01
    constants.first = formula == .ftrl ? 10 : 0.1
    constants.second = 0.999
    constants.inverseRootCorrection = 3
    constants.epsilon = formula == .ftrl ? 1 : 1e-8
    constants.keep = 1
    if hasPenalties {
      constants.l1 = 0.01
      constants.l2 = 0.02
      constants.keep = 0.99
    }
    return constants
  }

  private func steps(_ kernels: Kernels, _ formula: UpdateFormula, hasPenalties: Bool) -> [UInt32] {
    var numbers = Numbers(seed: 6)
    let constants = Self.constants(formula, hasPenalties: hasPenalties)
    var bits: [UInt32] = []
    func add(_ value: Double) {
      bits += [UInt32(truncatingIfNeeded: value.bitPattern), UInt32(value.bitPattern >> 32)]
    }
    let count = 5008
    let g = numbers.array(count)
    let w = numbers.array(count)
    w[17] = 0
    let states = (0..<3).map { _ in AlignedBuffer<Float>(count: count) }
    for _ in 0..<3 {
      add(kernels.squaredNorm(count: count, g.pointer, inverseCount: 0.125, limit: 0.1))
      add(
        kernels.update(
          formula, count: count, w.pointer, g.pointer,
          UpdateStates(states[0].pointer, states[1].pointer, states[2].pointer), constants))
    }
    bits += w.bits + states.flatMap(\.bits)
    for width in [1, 2, 5, 8, 16, 19, 33] {
      let buckets: [UInt32] = [0, 2, 3, 9]
      let rowGradient = numbers.array(4 * (width + 1))
      let w = numbers.array(10 * width)
      let states = (0..<3).map { _ in AlignedBuffer<Float>(count: paddedToLanes(10 * width)) }
      for _ in 0..<2 {
        add(
          kernels.updateRows(
            formula, count: 4, buckets, width: width, w.pointer,
            UpdateStates(states[0].pointer, states[1].pointer, states[2].pointer), gradient: rowGradient.pointer,
            stride: width + 1, constants))
      }
      bits += w.bits + states.flatMap(\.bits)
    }
    return bits
  }

  @Test(arguments: vectorLevels, UpdateFormula.allCases)
  func `give the same steps, dense and by row, with penalties and without`(
    _ level: Kernels.Level, _ formula: UpdateFormula
  ) throws {
    let scalar = try #require(Kernels(level: .scalar))
    let kernels = try #require(Kernels(level: level))
    withArithmeticMode {
      for hasPenalties in [false, true] {
        let expected = steps(scalar, formula, hasPenalties: hasPenalties)
        let found = steps(kernels, formula, hasPenalties: hasPenalties)
        #expect(expected == found, "penalties: \(hasPenalties)")
      }
    }
  }

  @Test(arguments: vectorLevels)
  func `clip the same units by the same bits`(_ level: Kernels.Level) throws {
    func run(_ kernels: Kernels) -> [UInt32] {
      var numbers = Numbers(seed: 7)
      let w = panels(23, 37) { _, output in output == 5 ? 0 : numbers.next(0.3) }
      let g = panels(23, 37) { _, output in output % 3 == 0 ? numbers.next(50) : numbers.next(0.01) }
      let over = kernels.clipUnits(
        inputs: 23, outputs: 37, weights: w.pointer, g.pointer, inverseCount: 0.125, valueLimit: 5, ratio: 0.05,
        epsilon: 1e-3)
      return g.bits + [UInt32(over)]
    }
    let scalar = try #require(Kernels(level: .scalar))
    let kernels = try #require(Kernels(level: level))
    withArithmeticMode {
      let found = run(kernels)
      #expect(found == run(scalar))
      #expect(found.last.map { $0 >= 13 && $0 < 37 } == true)
    }
  }

  @Test(arguments: UpdateFormula.allCases.filter { $0 != .adagrad }, [false, true])
  func `move a row as they move the same numbers of a dense vector, and leave the rows beside it`(
    _ formula: UpdateFormula, _ hasPenalties: Bool
  ) {
    let constants = Self.constants(formula, hasPenalties: hasPenalties)
    for kernels in Kernels.available {
      for width in [1, 7, 16, 32, 45] {
        var numbers = Numbers(seed: UInt64(width))
        let g = numbers.array(width)
        let w = numbers.array(width)
        let dense = ([w] + (0..<3).map { _ in numbers.array(width).squared }).map { $0.copy() }
        // The same numbers as row 1 of three.
        let rows = dense.map { vector in
          AlignedBuffer((0..<(3 * width)).map { $0 / width == 1 ? vector[$0 - width] : 0.5 })
        }
        for _ in 0..<3 {
          _ = kernels.update(
            formula, count: g.count, dense[0].pointer, g.pointer,
            UpdateStates(dense[1].pointer, dense[2].pointer, dense[3].pointer), constants)
          _ = kernels.updateRows(
            formula, count: 1, [1], width: width, rows[0].pointer,
            UpdateStates(rows[1].pointer, rows[2].pointer, rows[3].pointer), gradient: g.pointer, stride: width,
            constants)
        }
        for (row, vector) in zip(rows, dense) {
          #expect((0..<width).allSatisfy { row[width + $0].bitPattern == vector[$0].bitPattern })
          #expect((0..<width).allSatisfy { row[$0] == 0.5 && row[2 * width + $0] == 0.5 })
        }
      }
    }
  }

  @Test(arguments: UpdateFormula.allCases, [false, true])
  func `keep what is zero and has no gradient at zero`(_ formula: UpdateFormula, _ hasPenalties: Bool) {
    let constants = Self.constants(formula, hasPenalties: hasPenalties)
    let buffers = (0..<5).map { _ in AlignedBuffer<Float>(count: 32) }
    for kernels in Kernels.available {
      for _ in 0..<3 {
        let change = kernels.update(
          formula, count: 32, buffers[0].pointer, buffers[1].pointer,
          UpdateStates(buffers[2].pointer, buffers[3].pointer, buffers[4].pointer), constants)
        #expect(change == 0)
      }
      #expect(buffers.allSatisfy { $0.bits.allSatisfy { $0 & 0x7fff_ffff == 0 } })
    }
  }
}

extension AlignedBuffer<Float> {
  /// Sums of squares are never negative.
  fileprivate var squared: AlignedBuffer<Float> { AlignedBuffer(buffer.map { $0 * $0 }) }
}
