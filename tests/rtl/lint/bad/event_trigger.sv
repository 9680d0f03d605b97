`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    event done;
    always_ff @(posedge clk) begin
        q <= a;
        -> done;
    end
endmodule
`default_nettype wire
