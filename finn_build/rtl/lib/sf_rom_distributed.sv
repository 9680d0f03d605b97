// Read-only memory in LUTs, its read registered or, with DIRECT, not, initialised from a file of one hexadecimal word per line.
//
// A module of its own so that Yosys maps it alone (`read_slang --keep-hierarchy`): mapped together with deeper logic,
// its abc9 spends up to five LUTs on each bit that fits in one.
// Latency: 1 enabled cycle, none with DIRECT. Reset: none; contents come with the configuration.
// Area: a LUT a bit up to 64 words, two up to 128, four up to 256, then about DEPTH / 45.
`default_nettype none

`ifdef __slang__
(* keep_hierarchy *)
`endif
module sf_rom_distributed #(
    parameter int unsigned DEPTH = 2,
    parameter int unsigned WIDTH = 1,
    parameter bit DIRECT = 0,
    parameter INIT_FILE = "none.mem",
    localparam int unsigned ADDR_BITS = $clog2(DEPTH)
) (
    /// Clock.
    input  wire                  clk,
    /// Read enable; the output holds while it is low.
    input  wire                  en,
    /// Word to read, below DEPTH.
    input  wire [ADDR_BITS-1:0]  addr,
    /// Word read.
    output wire  [WIDTH-1:0]     data_q
);
`ifdef __slang__  // Yosys: its name for a memory made of LUTs
    (* rom_style = "logic" *)
`else
    (* rom_style = "distributed" *)
`endif
    logic [WIDTH-1:0] words[DEPTH];
    initial $readmemh(INIT_FILE, words);
    if (DIRECT) begin : g_direct
        assign data_q = words[addr];
        wire unused = &{1'b0, clk, en};
    end else begin : g_registered
        logic [WIDTH-1:0] word_q;
        always_ff @(posedge clk) if (en) word_q <= words[addr];
        assign data_q = word_q;
    end
endmodule

`default_nettype wire
