`default_nettype none
module bad (
    input  wire  clk,
    input  wire  rst_n,
    input  wire  d,
    output logic q,
    output logic p
);
    always_ff @(posedge clk or negedge rst_n) begin
        if (!rst_n) q <= 1'b0;
        else q <= d;
        p <= d;
    end
endmodule
`default_nettype wire
