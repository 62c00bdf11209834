extension ModelSettings {
  /// `Learning`'s activations by name.
  public static let activations = ["relu", "leaky_relu", "gelu", "swish", "tanh", "sigmoid", "identity"]

  static let section = Section(
    doc: "The network.",
    prototype: ModelSettings(task: .binary),
    keys: [
      Key(
        "task", \.task, .choice, isRequired: true, "What is predicted: a probability, one of several classes, a number."
      ),
      Key(
        "hidden", \.hidden, .list(of: .integer(1...16_384), "a list of widths, such as [64, 32]", count: 0...16),
        "Widths of the hidden layers; empty: a linear model."),
      Key("activation", \.activation, .word(activations), "The activation of the hidden layers."),
      Key("normalization", \.normalization, .choice, "layer_norm normalises each hidden layer."),
      Key("initialization", \.initialization, .choice, "How weights begin; auto follows the activation."),
      Key("wide", \.wide, .boolean, "A linear part beside the network: one weight a category row and a number."),
      Key(
        "input_clip", \.inputClip, .number(0...1000, isOpenBelow: true),
        "Standardised inputs are clipped to plus or minus this many standard deviations."),
      Key("seed", \.seed, .integer(0...UInt64(Int64.max)), "Where the random numbers of the model begin."),
    ])
}
