extension GroupSettings {
  static let section: Section<GroupSettings> = Section(
    doc: "What workers say to each other, and how.",
    prototype: GroupSettings(),
    keys: [
      Key(
        "encryption", \.encryption, .choice,
        "Whether what workers exchange is ciphered. `none`: nobody on the network can change it unnoticed, and everybody there can read gradients and what is attached to them. `tls`: TLS 1.3, by keys of the generation's secret, without certificates; for networks that others read. The same for all workers of a group; PostgreSQL, which has the secret, and Kafka have settings of their own."
      ),
      Key(
        "gradients", \.gradients, .choice,
        "How gradients of the dense parameters go from worker to worker. bfloat16 takes half the bytes: each worker keeps what rounding took from a number and adds it to the next step's. For slow networks; on one machine it gains nothing. A worker that begins anew has forgotten its last rounding."
      ),
    ])
}
