import Arguments
import Testing

@Suite("Help, completion and man page")
struct HelpTests {
  private let ship = CommandDescription(Ship.self)

  @Test("the help of a group lists its subcommands, hidden ones not") func groupHelp() {
    #expect(
      ship.helpText() == """
        Sails and anchors.

        A ship for the tests.

          ship sail north

        USAGE
          ship <subcommand>

        SUBCOMMANDS
          sail                    Sail on a course.
          anchor                  Handle the anchor.

        OPTIONS
          --version               Show the version.
          -h, --help              Show this help.

        """)
  }

  @Test("the help of a command names every word, its values and its default") func commandHelp() {
    #expect(
      ship.subcommands[0].helpText(columns: 72) == """
        Sail on a course.

        USAGE
          ship sail [--speed <n>] [--crew-size <n>] [--flag <flag> ...]
              --log <log> [--by-night] [--quiet] <course> [<charts> ...]

        ARGUMENTS
          <course>                Where to. One of: north, south.
          <charts> ...            Files with charts.

        OPTIONS
          --speed <n>             How fast; knots. (default: 4.5)
          -c, --crew-size <n>     How many sail.
          --flag <flag>           A flag to fly; may be repeated.
          --log <log>             The ship's log.
          --by-night              Sail by night too.
          -q, --quiet             Say nothing.
          -h, --help              Show this help.

        """)
  }

  @Test("help is never wider than asked") func width() {
    for line in ship.subcommands[0].helpText(columns: 50).split(separator: "\n") {
      #expect(line.count <= 50, "\(line)")
    }
  }

  @Test("each shell's completion names every word", arguments: CompletionShell.allCases)
  func completion(shell: CompletionShell) {
    let script = shell.script(for: ship)
    for word in ["sail", "anchor", "drop", "by-night", "crew-size", "north"] {
      #expect(script.contains(word), "\(word) is missing")
    }
    #expect(!script.contains("keelhaul"))
  }

  @Test("bash takes the completion and completes by it") func bashCompletes() throws {
    let script = CompletionShell.bash.script(for: ship)
    #expect(try completions(of: ["ship", ""], by: script) == ["sail", "anchor", "--version", "-h", "--help"])
    #expect(try completions(of: ["ship", "anchor", "d"], by: script) == ["drop"])
    #expect(try completions(of: ["ship", "sail", "--by"], by: script) == ["--by-night"])
    #expect(try completions(of: ["ship", "sail", "no"], by: script) == ["north"])
  }

  @Test("the man page has a section for every command and the exit codes") func manPage() {
    let page = ship.manPage(exitCodes: [(64, "The command line is wrong.")])
    for expected in [".TH SHIP 1", ".SS ship sail", ".SS ship anchor drop", ".B 64", "\\-\\-by\\-night"] {
      #expect(page.contains(expected), "\(expected) is missing")
    }
  }
}
