// Read-only memory with a registered read, initialised from a file of one hexadecimal word per line.
//
// Latency: 1 enabled cycle, 2 with PIPELINED, 0 with DIRECT. A single word has no register: it is a constant, and tools
// fold it into the logic.
// Reset: none; contents come with the configuration.
// Area: block RAM, RAMB18 of 36 x 512 and its other shapes; LUTs, see sf_rom_distributed.sv.
`default_nettype none

module sf_rom #(
    parameter int unsigned DEPTH = 1,
    parameter int unsigned WIDTH = 1,
    /// 1: block RAM, 0: LUTs.
    parameter bit BLOCK = 0,
    /// 1: block RAM passes its output register as well, 0.9 ns to its data instead of 2.5 ns.
    parameter bit PIPELINED = 0,
    /// 1: the word at the address in this very cycle; LUTs only.
    parameter bit DIRECT = 0,
    parameter INIT_FILE = "none.mem",
    localparam int unsigned ADDR_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1
) (
    /// Clock.
    input  wire                  clk,
    /// Read enable; the output holds while it is low.
    input  wire                  en,
    /// Word to read, below DEPTH.
    input  wire [ADDR_BITS-1:0]  addr,
    /// Word read.
    output wire [WIDTH-1:0]      data_q
);
    if (DEPTH == 1) begin : g_constant
        logic [WIDTH-1:0] words[1];
        initial $readmemh(INIT_FILE, words);
        assign data_q = words[0];
        wire unused = &{1'b0, clk, en, addr};
    end else if (BLOCK) begin : g_block
        (* rom_style = "block" *) logic [WIDTH-1:0] words[DEPTH];
        logic [WIDTH-1:0] word_q;
        initial $readmemh(INIT_FILE, words);
        always_ff @(posedge clk) if (en) word_q <= words[addr];
        if (PIPELINED) begin : g_output
            logic [WIDTH-1:0] output_q;
            always_ff @(posedge clk) if (en) output_q <= word_q;
            assign data_q = output_q;
        end else begin : g_latch
            assign data_q = word_q;
        end
    end else begin : g_distributed
        sf_rom_distributed #(.DEPTH(DEPTH), .WIDTH(WIDTH), .DIRECT(DIRECT), .INIT_FILE(INIT_FILE)) memory (
            .clk, .en, .addr, .data_q
        );
    end
endmodule

`default_nettype wire
