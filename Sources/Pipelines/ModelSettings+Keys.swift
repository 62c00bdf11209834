extension ModelSettings {
  /// `Learning`'s activations by name.
  public static let activations = [
    "relu", "leaky_relu", "prelu", "elu", "selu", "relu6", "gelu", "gelu_exact", "swish", "mish", "hard_swish",
    "softplus", "tanh", "sigmoid", "hard_sigmoid", "identity", "softmax", "log_softmax", "glu", "swiglu", "geglu",
    "reglu",
  ]

  private static let isNetwork = Condition<ModelSettings>(
    "means nothing for `kind: linear`", "leave it out, or write `kind: network`"
  ) { $0.kind == .network }
  private static let hasHidden = Condition<ModelSettings>(
    "needs hidden layers", "leave it out, or add `hidden: [64, 32]`"
  ) { $0.kind == .network && !$0.hidden.isEmpty }

  private static let isOwn = Condition<ModelSettings>(
    "means nothing for a model that brings its settings itself", "leave it out, or `preset`"
  ) { $0.preset == nil }

  /// `auto`, or the keys: what a pipeline file says of its model.
  static let kind = ValueKind<ModelSettings>(
    expects: "auto, or \(section.kind.expects)",
    schema: [
      .init(
        "anyOf",
        .list([.mapping([.init("const", .text("auto"))]), .mapping(section.kind.schema)]))
    ],
    read: { node, path, reader in
      if case .scalar(let scalar) = node.content, scalar.text == "auto" { return automatic }
      return section.kind.read(node, path, reader)
    }, write: section.kind.write)

  /// The model of a file that does not say one.
  static var automatic: ModelSettings {
    var model = ModelSettings(task: .binary)
    model.preset = .best
    return model
  }

  static let section: Section<ModelSettings> = Section(
    doc: "The network, or `auto`: a model that needs no settings.",
    prototype: ModelSettings(task: .binary),
    keys: [
      Key(
        "task", \.task, .choice, isRequired: true, waivedBy: "preset",
        "What is predicted: a probability, one of several classes, a number. With `auto` or `preset` it may be left out: multiclass where the label has more than two classes or finds them, regression where it has a clip, else binary."
      ),
      Key(
        "preset", \.preset, .ifGiven(.choice),
        "A model that brings all settings itself and is good on any stream (docs/recipe.md). best: members with and without memory and replay, weighed by what each is worth; fast: one member, several times as quick. `model: auto` is `preset: best`."
      ),
    ] + ownKeys.map { $0.name == "seed" ? $0 : $0.only(isOwn) })

  /// Keys of a network that the file describes.
  private static var ownKeys: [Key<ModelSettings>] {
    [
      Key(
        "kind", \.kind, .choice,
        "network: embeddings, hidden layers and what stands beside them; linear: one weight an input, and no embeddings."
      ),
      Key(
        "hidden", \.hidden, .list(of: .integer(1...16_384), "a list of widths, such as [64, 32]", count: 0...16),
        onlyIf: isNetwork, "Widths of the hidden layers; empty: none."),
      Key(
        "activation", \.activation, .word(activations), onlyIf: isNetwork,
        "The activation of the hidden layers. gelu is the tanh form, gelu_exact the other; glu, swiglu, geglu and reglu are gates, which need two products a unit; prelu learns its slopes."
      ),
      Key(
        "activation_clip", \.activationClip, .optional(.number(0...1e6, isOpenBelow: true)),
        onlyIf: Condition(
          "needs hidden layers whose outputs may be clipped one by one",
          "leave it out, or choose an activation other than softmax and log_softmax"
        ) { $0.kind == .network && !$0.hidden.isEmpty && !$0.activation.hasSuffix("softmax") },
        "Clips each hidden output to plus or minus this much."),
      Key(
        "normalization", \.normalization, .choice, onlyIf: isNetwork,
        "layer_norm and rms_norm normalise each hidden layer before its activation."),
      Key(
        "initialization", \.initialization, .choice, onlyIf: isNetwork,
        "How weights begin; auto follows the activation."),
      Key(
        "dropout", \.dropout, .number(0...0.95), onlyIf: hasHidden,
        "Share of a hidden layer's units that each record's training leaves out; predictions use all."),
      Key(
        "residual", \.residual, .boolean, onlyIf: hasHidden,
        "A hidden layer that is as wide as what it reads adds that to its output."),
      Key(
        "cross_layers", \.crossLayers, .integer(0...8), onlyIf: isNetwork,
        "Cross layers (DCN-v2) over the inputs, beside the hidden ones: products of features, explicitly."),
      Key(
        "cross_rank", \.crossRank, .integer(0...1024),
        onlyIf: Condition("needs cross layers", "leave it out, or add `cross_layers: 2`") { $0.crossLayers > 0 },
        "Columns between the two factors of a cross layer's matrix; 0: one full matrix."),
      Key(
        "factorization", \.factorization, .boolean, onlyIf: isNetwork,
        "Pairwise interactions of the embeddings (a factorisation machine), beside the hidden layers."),
      Key(
        "bilinear", \.bilinear, .boolean, onlyIf: isNetwork,
        "Pairwise interactions of the embeddings through one learned matrix (FiBiNET), beside the hidden layers."),
      Key(
        "activation_l1", \.activationL1, .number(0...1000), onlyIf: hasHidden,
        "Penalty on the magnitude of each hidden output."),
      Key(
        "activation_l2", \.activationL2, .number(0...1000), onlyIf: hasHidden,
        "Penalty on the square of each hidden output."),
      Key(
        "wide", \.wide, .boolean, onlyIf: isNetwork,
        "A linear part beside the network: one weight a category row and a number."),
      Key(
        "input_clip", \.inputClip, .number(0...1000, isOpenBelow: true),
        "Standardised inputs are clipped to plus or minus this many standard deviations."),
      Key("seed", \.seed, .integer(0...UInt64(Int64.max)), "Where the random numbers of the model begin."),
    ] + lossKeys + [
      Key(
        "heads", \.heads,
        .list(
          of: HeadSettings.section.kind, "a list of heads, each with name, label and task", count: 0...64,
          isHiddenWhenEmpty: true), "Further labels that the same network learns beside schema.label.")
    ]
  }
}
