// Memory with one port to write and one to read, the read registered.
//
// Function   data_q is the word at read_addr, or BLANK, as of a cycle with `read`; a word written in that cycle shows next.
// Latency    1 cycle.
// Reset      none: what was not written is not read.
// Area       LUTRAM, RAMB18 or URAM288 by STYLE. The attribute is a literal in each branch: synthesis loses it elsewhere.
`default_nettype none

module sf_ram #(
    parameter int WIDTH = 8,
    parameter int WORDS = 2,
    parameter int STYLE = 0,                /// 0: LUTs, 1: block RAM, 2: UltraRAM
    parameter logic [WIDTH-1:0] BLANK = '0,
    localparam int ADDR = WORDS > 1 ? $clog2(WORDS) : 1
) (
    input  wire              clk,
    input  wire              write,
    input  wire  [ADDR-1:0]  write_addr,
    input  wire  [WIDTH-1:0] write_data,
    input  wire              read,          /// data_q holds while it is low
    input  wire              blank,         /// with `read`: BLANK in place of a word
    input  wire  [ADDR-1:0]  read_addr,
    output logic [WIDTH-1:0] data_q
);
    if (STYLE == 2) begin : g_ultra
        (* ram_style = "ultra" *) logic [WIDTH-1:0] words_q[WORDS];
        always_ff @(posedge clk) begin
            if (write) words_q[write_addr] <= write_data;
            if (read) data_q <= blank ? BLANK : words_q[read_addr];
        end
    end else if (STYLE == 1) begin : g_block
        (* ram_style = "block" *) logic [WIDTH-1:0] words_q[WORDS];
        always_ff @(posedge clk) begin
            if (write) words_q[write_addr] <= write_data;
            if (read) data_q <= blank ? BLANK : words_q[read_addr];
        end
    end else begin : g_distributed
        (* ram_style = "distributed" *) logic [WIDTH-1:0] words_q[WORDS];
        always_ff @(posedge clk) begin
            if (write) words_q[write_addr] <= write_data;
            if (read) data_q <= blank ? BLANK : words_q[read_addr];
        end
    end
endmodule

`default_nettype wire
