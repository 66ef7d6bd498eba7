"""Learning a policy for links: double dueling DQN, shared by all links, and its export to the policy format."""
