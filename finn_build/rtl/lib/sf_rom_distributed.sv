// Read-only memory in LUTs with a registered read, initialised from a file of one hexadecimal word per line.
//
// A module of its own so that Yosys maps it alone (`read_slang --keep-hierarchy`): mapped together with deeper logic,
// its abc9 spends up to five LUTs on each bit that fits in one.
// Latency: 1 enabled cycle. Reset: none; contents come with the configuration.
// Area: a LUT a bit up to 64 words, two up to 128, four up to 256, then about DEPTH / 45.
`default_nettype none

`ifdef __slang__
(* keep_hierarchy *)
`endif
module sf_rom_distributed #(
    parameter int unsigned DEPTH = 2,
    parameter int unsigned WIDTH = 1,
    parameter INIT_FILE = "",
    localparam int unsigned ADDR_BITS = $clog2(DEPTH)
) (
    /// Clock.
    input  wire                  clk,
    /// Read enable; the output holds while it is low.
    input  wire                  en,
    /// Word to read, below DEPTH.
    input  wire [ADDR_BITS-1:0]  addr,
    /// Word read.
    output logic [WIDTH-1:0]     data_q
);
`ifdef __slang__  // Yosys: its name for a memory made of LUTs
    (* rom_style = "logic" *)
`else
    (* rom_style = "distributed" *)
`endif
    logic [WIDTH-1:0] words[DEPTH];
    initial $readmemh(INIT_FILE, words);
    always_ff @(posedge clk) if (en) data_q <= words[addr];
endmodule

`default_nettype wire
