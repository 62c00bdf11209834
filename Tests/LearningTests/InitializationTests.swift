import Learning
import Testing

@Suite struct `Weights begin` {
  /// The weights [inputs][outputs] of the first hidden layer.
  private func weights(
    _ initialization: LearnerSpec.Initialization, _ activation: ActivationKind, inputs: Int, outputs: Int,
    seed: UInt64 = 5
  ) -> [[Double]] {
    let spec = LearnerSpec(
      numbers: (0..<inputs).map { NumberInput(name: "n\($0)") }, categories: [], hidden: [outputs],
      activation: activation, initialization: initialization, task: .binary, seed: seed)
    let all = ReferenceModel(Learner(spec: spec, batchCapacity: 1)).parameters
    return (0..<inputs).map { input in (0..<outputs).map { all[input * outputs + $0] } }
  }

  private func expectUniform(_ values: [Double], limit: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
    #expect(abs(mean) < 0.03 * limit)
    #expect(abs(variance / (limit * limit / 3) - 1) < 0.04)
    #expect(values.allSatisfy { abs($0) <= limit })
    #expect(values.contains { $0 > 0.98 * limit } && values.contains { $0 < -0.98 * limit })
  }

  @Test func `uniform between the limits of their papers`() {
    let (inputs, outputs) = (120, 90)
    func values(_ kind: LearnerSpec.Initialization, _ activation: ActivationKind) -> [Double] {
      weights(kind, activation, inputs: inputs, outputs: outputs).flatMap { $0 }
    }
    expectUniform(values(.he, .relu), limit: (6.0 / 120).squareRoot())
    expectUniform(values(.he, .leakyRelu), limit: (6.0 / (120 * 1.0001)).squareRoot())
    expectUniform(values(.he, .prelu), limit: (6.0 / (120 * 1.0625)).squareRoot())
    expectUniform(values(.glorot, .relu), limit: (6.0 / 210).squareRoot())
    expectUniform(values(.lecun, .tanh), limit: (3.0 / 120).squareRoot())
  }

  @Test func `as the activation wants where nothing is said`() {
    func begin(_ kind: LearnerSpec.Initialization, _ activation: ActivationKind) -> [[Double]] {
      weights(kind, activation, inputs: 8, outputs: 20)
    }
    #expect(begin(.auto, .relu) == begin(.he, .relu))
    #expect(begin(.auto, .tanh) == begin(.glorot, .tanh))
    #expect(begin(.auto, .selu) == begin(.lecun, .selu))
  }

  @Test(arguments: [(40, 24), (24, 40), (32, 32), (1, 5), (3, 1)])
  func `orthogonal, with the gain of the activation`(_ inputs: Int, _ outputs: Int) {
    for (activation, gain) in [(ActivationKind.tanh, 1.0), (.relu, 2.0)] {
      let w = weights(.orthogonal, activation, inputs: inputs, outputs: outputs)
      let isTall = inputs >= outputs
      let count = min(inputs, outputs)
      for one in 0..<count {
        for other in 0..<count {
          let product = (0..<max(inputs, outputs)).reduce(0.0) {
            $0 + (isTall ? w[$1][one] * w[$1][other] : w[one][$1] * w[other][$1])
          }
          #expect(abs(product - (one == other ? gain : 0)) < 2e-6)
        }
      }
    }
  }

  @Test func `orthogonal matrices differ by seed and look into all directions`() {
    #expect(
      weights(.orthogonal, .tanh, inputs: 6, outputs: 6, seed: 1)
        != weights(.orthogonal, .tanh, inputs: 6, outputs: 6, seed: 2))
    // The mean square of one element of a random unit vector in 16 dimensions is 1/16, whichever element it is.
    var corner = 0.0
    var middle = 0.0
    for seed in 0..<200 {
      let w = weights(.orthogonal, .tanh, inputs: 16, outputs: 16, seed: UInt64(seed))
      corner += w[0][0] * w[0][0] / 200
      middle += w[7][9] * w[7][9] / 200
    }
    #expect(abs(corner * 16 - 1) < 0.4 && abs(middle * 16 - 1) < 0.4)
  }
}
