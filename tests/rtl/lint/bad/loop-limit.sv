`default_nettype none
module bad (
    input wire clk, input wire [3:0] a, output logic [3:0] q
);
    function automatic int counted(int limit);
        int n = 0;
        for (int i = 0; i < limit; i++) n = n + 1;
        return n;
    endfunction
    localparam int COUNT = counted(2001);
    assign q = 4'(COUNT);
endmodule
`default_nettype wire
