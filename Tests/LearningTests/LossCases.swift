import Learning

extension Case {
  /// Every loss with every task it is for, several heads, and temperatures.
  static var losses: [Case] {
    func one(_ name: String, _ head: HeadSpec, wide: Bool = false) -> Case {
      var changed = spec(hidden: [11], wide: wide)
      changed.heads = [head]
      return Case(name: name, spec: changed)
    }
    let three = LearnerSpec.Task.multiclass(classes: 3)
    return [
      one("smoothed labels", HeadSpec(task: .binary, labelSmoothing: 0.1)),
      one("class weights", HeadSpec(task: .binary, classWeights: [0.5, 2])),
      one("smoothed labels and class weights", HeadSpec(task: .binary, labelSmoothing: 0.2, classWeights: [0.5, 2])),
      one("several classes, smoothed", HeadSpec(task: three, labelSmoothing: 0.1), wide: true),
      one(
        "several classes, weighed and smoothed", HeadSpec(task: three, labelSmoothing: 0.1, classWeights: [1, 0, 3])),
      one("focal", HeadSpec(task: .binary, loss: .focal(gamma: 2), classWeights: [0.25, 0.75])),
      one("focal of several classes", HeadSpec(task: three, loss: .focal(gamma: 1.5), classWeights: [1, 2, 0.5])),
      one("Huber", HeadSpec(task: .regression, loss: .huber(delta: 3))),
      one("median", HeadSpec(task: .regression, loss: .quantile(level: 0.5))),
      one("ninth decile", HeadSpec(task: .regression, loss: .quantile(level: 0.9)), wide: true),
      one("Poisson", HeadSpec(task: .regression, loss: .poisson)),
      one("temperature", HeadSpec(task: .binary, temperature: .fixed(1.7))),
      one("temperature, several classes", HeadSpec(task: three, temperature: .fixed(0.6))),
      one("learned temperature", HeadSpec(task: .binary, temperature: .learned)),
      one(
        "learned temperature, focal, several classes",
        HeadSpec(task: three, loss: .focal(gamma: 2), temperature: .learned), wide: true),
    ] + heads
  }

  private static var heads: [Case] {
    func several(_ name: String, _ spec: LearnerSpec, _ heads: [HeadSpec]) -> Case {
      var changed = spec
      changed.heads = heads
      return Case(name: name, spec: changed)
    }
    let mixed = [
      HeadSpec(task: .binary, temperature: .learned),
      HeadSpec(name: "kind", task: .multiclass(classes: 4), weight: 0.3, labelSmoothing: 0.1, temperature: .learned),
      HeadSpec(name: "minutes", task: .regression, loss: .huber(delta: 4), weight: 2),
      HeadSpec(name: "count", task: .regression, loss: .poisson, weight: 0.1),
    ]
    let quantiles = [
      HeadSpec(task: .regression, loss: .quantile(level: 0.5)),
      HeadSpec(name: "p10", task: .regression, loss: .quantile(level: 0.1)),
      HeadSpec(name: "p90", task: .regression, loss: .quantile(level: 0.9)),
    ]
    var crossed = spec(hidden: [], wide: true)
    crossed.crossLayers = 1
    var linear = spec(hidden: [])
    linear.kind = .linear
    var thinned = spec(hidden: [13, 9], wide: true)
    thinned.dropout = 0.3
    return [
      several("four heads", spec(hidden: [11], wide: true), mixed),
      several("four heads, dropout", thinned, mixed),
      several("four heads beside cross layers", crossed, mixed),
      several("four heads of a linear model", linear, mixed),
      several("three quantiles", spec(), quantiles),
    ]
  }
}
