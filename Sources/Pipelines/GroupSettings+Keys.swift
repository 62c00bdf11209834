extension GroupSettings {
  static let section: Section<GroupSettings> = Section(
    doc: "What workers say to each other, and how.",
    prototype: GroupSettings(),
    keys: [
      Key(
        "gradients", \.gradients, .choice,
        "How gradients of the dense parameters go from worker to worker. bfloat16 takes half the bytes: each worker keeps what rounding took from a number and adds it to the next step's. For slow networks; on one machine it gains nothing. A worker that begins anew has forgotten its last rounding."
      )
    ])
}
